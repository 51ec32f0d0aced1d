//! The loops whose speed is a ceiling: chains of multiply-accumulates in registers, and walks over memory.
//!
//! Each is written by hand for an instruction set and offered only where the processor has it and the operating
//! system lets programs use it. All unsafe code of the crate is in this folder: calling functions that need an
//! instruction set, loads and stores through pointers made of slices, and instructions that the compiler has no
//! functions for.
#![allow(unsafe_code)]

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

/// A loop of multiply-accumulates over independent accumulators in registers.
///
/// Accumulator `i` begins as `i` in all its lanes. A chain of fused multiply-adds makes `x` into `x / 2 + 1` at each
/// step; one of dot products adds `products` times one product ([`Chain`]). Neither grows to what is slow to
/// compute with (infinities, subnormal numbers), however long it runs.
pub(super) struct Arithmetic {
    /// Type of the factors, in the spelling of reports: `float32`.
    pub dtype: &'static str,
    /// The instruction set, in the spelling of [`crate::Machine::features`]; `portable` for plain Rust.
    pub instructions: &'static str,
    /// Numbers in an accumulator.
    pub lanes: u64,
    /// Accumulators.
    pub accumulators: u64,
    /// Multiply-accumulates into each lane at a step.
    pub products: u64,
    /// What a step computes.
    #[cfg_attr(not(test), expect(dead_code, reason = "says to tests what must come out"))]
    pub chain: Chain,
    /// Runs so many steps and returns the sum over all lanes of all accumulators.
    pub run: fn(u64) -> f64,
}

/// What a step of [`Arithmetic`] does to each lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Chain {
    /// `x / 2 + 1`.
    Halve,
    /// `x + products × this`, in 32-bit integers that wrap or in `float32`.
    Add(f64),
}

impl Arithmetic {
    /// Floating-point (or integer) operations of one step: two for each multiply-accumulate.
    pub(super) fn operations(&self) -> u64 {
        2 * self.lanes * self.accumulators * self.products
    }
}

/// The arithmetic that runs on this machine, the narrowest instruction set of each type first.
pub(super) fn arithmetic() -> Vec<Arithmetic> {
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(unused_mut))]
    let mut found = portable::arithmetic();
    #[cfg(target_arch = "x86_64")]
    found.extend(x86::arithmetic());
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    found.extend(amx::arithmetic());
    #[cfg(target_arch = "aarch64")]
    found.extend(aarch64::arithmetic());
    found
}

/// 64 bytes of memory: a cache line of most processors, and the widest vector.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Line(pub [f64; 8]);

/// Walks over memory. Slices of one call have the same length; what is over, if they do not, is left out.
pub(super) struct Walks {
    /// The instruction set, as in [`Arithmetic::instructions`].
    pub instructions: &'static str,
    /// Loads everything into registers so many times. No arithmetic is done with it: additions would be waited for.
    pub read: fn(&[Line], u64),
    /// Writes a number everywhere, so many times.
    pub write: fn(&mut [Line], f64, u64),
    /// The same with stores that go past the caches; `None` where there are none.
    pub write_past_caches: Option<fn(&mut [Line], f64, u64)>,
    /// `a[i] = b[i]`, so many times.
    pub copy: fn(&mut [Line], &[Line], u64),
    /// `a[i] = b[i] + scalar × c[i]`, so many times.
    pub triad: fn(&mut [Line], &[Line], &[Line], f64, u64),
}

/// Every way to walk over memory on this machine, the one with the widest vectors last.
pub(super) fn walks() -> Vec<Walks> {
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(unused_mut))]
    let mut found = vec![portable::walks()];
    #[cfg(target_arch = "x86_64")]
    found.extend(x86::walks());
    #[cfg(target_arch = "aarch64")]
    found.extend(aarch64::walks());
    found
}

/// Defines a function that runs a chain: `|i|` makes the `i`-th accumulator, `|v|` sums the lanes of one.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! define_chain {
    ($name:ident, $features:literal, $accumulators:literal, |$i:ident| $init:expr, $x:expr, $y:expr,
     |$a:ident, $p:ident, $q:ident| $step:expr, |$v:ident| $sum:expr) => {
        fn $name(steps: u64) -> f64 {
            #[target_feature(enable = $features)]
            fn run(steps: u64) -> f64 {
                let ($p, $q) = (std::hint::black_box($x), std::hint::black_box($y));
                let mut accumulators: [_; $accumulators] = std::array::from_fn(|$i| $init);
                for _ in 0..steps {
                    for accumulator in &mut accumulators {
                        let $a = *accumulator;
                        *accumulator = $step;
                    }
                }
                accumulators.map(|$v| $sum).into_iter().sum()
            }
            // SAFETY: the function is listed only where these features were detected.
            unsafe { run(steps) }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use define_chain;

/// Defines the walks of an instruction set in a module, out of its operations on vectors of `$lanes` numbers.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! define_walks {
    ($module:ident, $instructions:literal, $features:literal, $lanes:literal, splat: $splat:expr, load: $load:expr,
     store: $store:expr, past_caches: $past:expr, fence: $fence:expr,
     fused: |$b:ident, $s:ident, $c:ident| $fused:expr, touch: $touch:expr) => {
        mod $module {
            use super::*;

            const VECTORS: usize = 8 / $lanes;

            pub(super) fn all() -> Walks {
                Walks {
                    instructions: $instructions,
                    // SAFETY: all of these are listed only where the features were detected.
                    read: |lines, times| unsafe { read(lines, times) },
                    // SAFETY: as above.
                    write: |lines, value, times| unsafe { write(lines, value, times) },
                    // SAFETY: as above.
                    write_past_caches: Some(|lines, value, times| unsafe { write_past(lines, value, times) }),
                    // SAFETY: as above.
                    copy: |to, from, times| unsafe { copy(to, from, times) },
                    // SAFETY: as above.
                    triad: |a, b, c, scalar, times| unsafe { triad(a, b, c, scalar, times) },
                }
            }

            #[target_feature(enable = $features)]
            fn read(lines: &[Line], times: u64) {
                for _ in 0..times {
                    let groups = black_box(lines).chunks_exact(8);
                    groups.remainder().iter().for_each(|line| $touch(line));
                    for group in groups {
                        group.iter().for_each(|line| $touch(line));
                    }
                }
            }

            #[target_feature(enable = $features)]
            fn write(lines: &mut [Line], value: f64, times: u64) {
                let value = $splat(value);
                for _ in 0..times {
                    for line in black_box(&mut *lines) {
                        for at in 0..VECTORS {
                            // SAFETY: `at` is a vector of the line, and lines are aligned to 64 bytes.
                            unsafe { $store(line.0.as_mut_ptr().add(at * $lanes), value) };
                        }
                    }
                }
            }

            #[target_feature(enable = $features)]
            fn write_past(lines: &mut [Line], value: f64, times: u64) {
                let value = $splat(value);
                for _ in 0..times {
                    for line in black_box(&mut *lines) {
                        for at in 0..VECTORS {
                            // SAFETY: as above; the fence below orders these stores before whatever follows.
                            unsafe { $past(line.0.as_mut_ptr().add(at * $lanes), value) };
                        }
                    }
                }
                $fence;
            }

            #[target_feature(enable = $features)]
            fn copy(to: &mut [Line], from: &[Line], times: u64) {
                for _ in 0..times {
                    for (to, from) in black_box(&mut *to).iter_mut().zip(from) {
                        for at in (0..VECTORS).map(|at| at * $lanes) {
                            // SAFETY: `at` begins a vector of either line, and lines are aligned to 64 bytes.
                            unsafe { $store(to.0.as_mut_ptr().add(at), $load(from.0.as_ptr().add(at))) };
                        }
                    }
                }
            }

            #[target_feature(enable = $features)]
            fn triad(a: &mut [Line], b: &[Line], c: &[Line], scalar: f64, times: u64) {
                let $s = $splat(scalar);
                for _ in 0..times {
                    for ((a, b), c) in black_box(&mut *a).iter_mut().zip(b).zip(c) {
                        for at in (0..VECTORS).map(|at| at * $lanes) {
                            // SAFETY: `at` begins a vector of each line, and lines are aligned to 64 bytes.
                            unsafe {
                                let ($b, $c) = ($load(b.0.as_ptr().add(at)), $load(c.0.as_ptr().add(at)));
                                $store(a.0.as_mut_ptr().add(at), $fused);
                            }
                        }
                    }
                }
            }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use define_walks;

#[cfg(test)]
mod tests {
    use super::*;

    /// The chains by their definition, one lane at a time. All values are exact in every type: 3 steps from a whole
    /// number below 32 need 3 binary places, and after 200 steps x / 2 + 1 has arrived at its fixed point 2 exactly.
    fn by_definition(kernel: &Arithmetic, steps: u64) -> f64 {
        let lane = |start: u64| match kernel.chain {
            Chain::Halve => (0..steps).fold(start as f64, |x, _| x.mul_add(0.5, 1.0)),
            Chain::Add(product) => start as f64 + steps as f64 * kernel.products as f64 * product,
        };
        kernel.lanes as f64 * (0..kernel.accumulators).map(lane).sum::<f64>()
    }

    #[test]
    fn chains_compute_what_a_scalar_computation_does() {
        let kernels = arithmetic();
        assert!(kernels.iter().any(|kernel| kernel.dtype == "float32"));
        for kernel in kernels {
            for steps in [0, 1, 3, 200] {
                let about = (kernel.dtype, kernel.instructions, steps);
                assert_eq!((kernel.run)(steps), by_definition(&kernel, steps), "{about:?}");
            }
        }
    }

    #[test]
    fn integer_sums_wrap() {
        // Accumulators of int8 hold 32 bits: adding -6 × products a billion times must not stop the loop.
        for kernel in arithmetic().into_iter().filter(|kernel| kernel.dtype == "int8") {
            assert!((kernel.run)(100_000).is_finite());
        }
    }

    #[test]
    fn walks_do_what_they_say_at_every_length() {
        for walks in walks() {
            for length in [0, 1, 7, 8, 9, 64, 65] {
                let about = (walks.instructions, length);
                let numbers = |from: f64| -> Vec<Line> {
                    (0..length).map(|i| Line(std::array::from_fn(|j| from + (i * 8 + j) as f64))).collect()
                };
                let (mut a, b, c) = (numbers(0.0), numbers(1.0), numbers(5.0));
                (walks.read)(&b, 3);
                (walks.copy)(&mut a, &b, 1);
                assert_eq!(a, b, "{about:?}");
                (walks.triad)(&mut a, &b, &c, 2.0, 1);
                // (1 + k) + 2 (5 + k) = 11 + 3 k for the k-th number.
                let wanted: Vec<f64> = (0..length * 8).map(|k| 11.0 + 3.0 * k as f64).collect();
                assert_eq!(a.iter().flat_map(|line| line.0).collect::<Vec<_>>(), wanted, "{about:?}");
                (walks.write)(&mut a, 7.0, 2);
                assert_eq!(a, vec![Line([7.0; 8]); length], "{about:?}");
                if let Some(write) = walks.write_past_caches {
                    write(&mut a, 8.0, 1);
                    assert_eq!(a, vec![Line([8.0; 8]); length], "{about:?}");
                }
            }
        }
    }
}
