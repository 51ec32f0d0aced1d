//! Intel AMX on Linux: matrix tiles, which have no functions in stable Rust, so these are instructions by name.
//!
//! The tile registers hold kilobytes that Linux saves only for processes that ask for them (arch_prctl(2),
//! `ARCH_REQ_XCOMP_PERM`; kernel documentation, `arch/x86/xstate.rst`). Where it refuses, there is no AMX.
//! Instructions and the layout of the configuration: Intel 64 and IA-32 Architectures Software Developer's Manual,
//! volume 1, chapter 18, "Programming with Intel AMX".

use std::arch::asm;
use std::sync::OnceLock;

use super::{Arithmetic, Chain};
use crate::features;

/// Accumulating tiles: 0 to 5. Tiles 6 and 7 are the factors.
const ACCUMULATORS: usize = 6;
/// `float32` or 32-bit integers in a tile: 16 rows of 64 bytes.
const LANES: usize = 256;

/// What `ldtilecfg` reads: palette 1, and for each of the eight tiles 64 bytes a row and 16 rows.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_per_row: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes_per_row: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The bytes of a tile.
#[repr(C, align(64))]
struct Tile([[u8; 4]; LANES]);

/// Asks the kernel, once, to let this process use the tile registers.
fn is_permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    // SAFETY: the call takes two numbers and touches no memory of this process.
    let ask = || unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) };
    *PERMITTED.get_or_init(|| ask() == 0)
}

macro_rules! tiles {
    ($name:ident, $instruction:literal) => {
        /// Runs the loop from accumulators and over factors that are given, and leaves in `sums` what came out.
        ///
        /// # Safety
        /// The processor has AMX and this instruction, and the kernel has permitted it.
        unsafe fn $name(steps: u64, sums: &mut [Tile; ACCUMULATORS], factors: &[Tile; 2]) {
            // SAFETY: loads and stores stay within the tiles, 16 rows that are 64 bytes apart (`stride`); the tile
            // registers are given back at the end, and no other register is written but those named here.
            unsafe {
                asm!(
                    "ldtilecfg [{configuration}]",
                    "tileloadd tmm0, [{sums} + {stride}]",
                    "tileloadd tmm1, [{sums} + {stride} + 1024]",
                    "tileloadd tmm2, [{sums} + {stride} + 2048]",
                    "tileloadd tmm3, [{sums} + {stride} + 3072]",
                    "tileloadd tmm4, [{sums} + {stride} + 4096]",
                    "tileloadd tmm5, [{sums} + {stride} + 5120]",
                    "tileloadd tmm6, [{factors} + {stride}]",
                    "tileloadd tmm7, [{factors} + {stride} + 1024]",
                    "test {steps}, {steps}",
                    "jz 3f",
                    "2:",
                    concat!($instruction, " tmm0, tmm6, tmm7"),
                    concat!($instruction, " tmm1, tmm6, tmm7"),
                    concat!($instruction, " tmm2, tmm6, tmm7"),
                    concat!($instruction, " tmm3, tmm6, tmm7"),
                    concat!($instruction, " tmm4, tmm6, tmm7"),
                    concat!($instruction, " tmm5, tmm6, tmm7"),
                    "dec {steps}",
                    "jnz 2b",
                    "3:",
                    "tilestored [{sums} + {stride}], tmm0",
                    "tilestored [{sums} + {stride} + 1024], tmm1",
                    "tilestored [{sums} + {stride} + 2048], tmm2",
                    "tilestored [{sums} + {stride} + 3072], tmm3",
                    "tilestored [{sums} + {stride} + 4096], tmm4",
                    "tilestored [{sums} + {stride} + 5120], tmm5",
                    "tilerelease",
                    configuration = in(reg) &raw const CONFIGURATION,
                    sums = in(reg) sums.as_mut_ptr(),
                    factors = in(reg) factors.as_ptr(),
                    stride = in(reg) 64usize,
                    steps = inout(reg) steps => _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

tiles!(signed_bytes, "tdpbssd");
tiles!(brain_floats, "tdpbf16ps");

fn int8(steps: u64) -> f64 {
    let mut sums = std::array::from_fn(|i| Tile([(i as i32).to_ne_bytes(); LANES]));
    // -2 is 0xfe.
    let factors = [Tile([[3; 4]; LANES]), Tile([[0xfe; 4]; LANES])];
    // SAFETY: listed only where the instruction was detected and permitted.
    unsafe { signed_bytes(steps, &mut sums, &factors) };
    sums.iter().flat_map(|tile| tile.0).map(|lane| f64::from(i32::from_ne_bytes(lane))).sum()
}

fn bfloat16(steps: u64) -> f64 {
    // 0.25 in bfloat16 is 0x3e80, the upper half of 0.25 in float32.
    let [low, high] = 0x3e80u16.to_ne_bytes();
    let quarters = || Tile([[low, high, low, high]; LANES]);
    let mut sums = std::array::from_fn(|i| Tile([(i as f32).to_ne_bytes(); LANES]));
    // SAFETY: as above.
    unsafe { brain_floats(steps, &mut sums, &[quarters(), quarters()]) };
    sums.iter().flat_map(|tile| tile.0).map(|lane| f64::from(f32::from_ne_bytes(lane))).sum()
}

pub(super) fn arithmetic() -> Vec<Arithmetic> {
    let features = features::detect();
    let has = |name| features.contains(&name) && is_permitted();
    let row = |dtype, instructions, products, chain, run| Arithmetic {
        dtype,
        instructions,
        lanes: LANES as u64,
        accumulators: ACCUMULATORS as u64,
        products,
        chain,
        run,
    };
    let mut found = Vec::new();
    if has("amx-bf16") {
        // A row of 64 bytes meets a column of as many: 32 products into each lane.
        found.push(row("bfloat16", "amx-bf16", 32, Chain::Add(0.0625), bfloat16 as fn(u64) -> f64));
    }
    if has("amx-int8") {
        found.push(row("int8", "amx-int8", 64, Chain::Add(-6.0), int8 as fn(u64) -> f64));
    }
    found
}
