//! The processor's instruction sets that decide how fast a neural network runs.

/// Names, in the spelling of the manufacturers' manuals in lower case, of the vector and matrix instruction
/// sets that this processor has and the operating system lets programs use.
///
/// Only sets that change the speed of matrix products are looked for: wider vectors, fused multiply-add,
/// 8-bit dot products and matrix tiles.
pub(crate) fn detect() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! probe {
            ($($feature:tt => $name:literal),* $(,)?) => {
                $(if std::arch::is_x86_feature_detected!($feature) { found.push($name); })*
            };
        }
        probe! {
            "avx" => "avx",
            "avx2" => "avx2",
            "fma" => "fma",
            "f16c" => "f16c",
            "avxvnni" => "avx-vnni",
            "avx512f" => "avx512f",
            "avx512vnni" => "avx512-vnni",
            "avx512bf16" => "avx512-bf16",
            "avx512fp16" => "avx512-fp16",
        }
        found.extend(matrix_tiles(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()));
    }
    #[cfg(target_arch = "aarch64")]
    {
        macro_rules! probe {
            ($($feature:tt => $name:literal),* $(,)?) => {
                $(if std::arch::is_aarch64_feature_detected!($feature) { found.push($name); })*
            };
        }
        probe! {
            "neon" => "neon",
            "fp16" => "fp16",
            "dotprod" => "dotprod",
            "bf16" => "bf16",
            "i8mm" => "i8mm",
            "sve" => "sve",
            "sve2" => "sve2",
        }
    }
    found
}

/// The AMX sets among the flags of Linux's `/proc/cpuinfo`. The standard library cannot detect them on stable
/// Rust yet (rust-lang/rust#126622), so on other systems they go unseen.
#[cfg(target_arch = "x86_64")]
fn matrix_tiles(cpuinfo: &str) -> impl Iterator<Item = &'static str> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    [("amx_int8", "amx-int8"), ("amx_bf16", "amx-bf16")]
        .into_iter()
        .filter(|(flag, _)| flags.split_whitespace().any(|word| word == *flag))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn matrix_tiles_are_read_from_the_flags_line() {
        let found = |text| super::matrix_tiles(text).collect::<Vec<_>>();
        assert_eq!(
            found("model name : amx_int8\nflags\t\t: fpu amx_bf16 amx_tile amx_int8\n"),
            ["amx-int8", "amx-bf16"]
        );
        assert_eq!(found("flags\t\t: fpu avx2 amx_int8x\n"), [""; 0]);
        assert_eq!(found(""), [""; 0]);
    }

    #[test]
    fn a_wider_set_implies_the_narrower_one() {
        let found = super::detect();
        for (wide, narrow) in [("avx2", "avx"), ("avx512f", "avx2"), ("sve2", "sve")] {
            assert!(!found.contains(&wide) || found.contains(&narrow), "{wide} without {narrow}");
        }
    }
}
