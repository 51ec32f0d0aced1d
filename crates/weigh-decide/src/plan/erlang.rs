//! What queueing theory says of waiting, exactly for exponential service and nearly for any other: where to begin to
//! look, never what decides.

/// The probability that an item waits where service is exponential (Erlang's C formula), for an offered work of
/// `erlangs` below `servers`; 1 above it. By the recursion of Erlang's B formula, which does not overflow.
pub fn erlang_c(servers: u64, erlangs: f64) -> f64 {
    let utilisation = erlangs / servers as f64;
    if utilisation >= 1.0 {
        return 1.0;
    }
    let blocked = (1..=servers).fold(1.0, |b, n| erlangs * b / (n as f64 + erlangs * b));
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

/// About the probability that an item waits longer than `wait`, in times of service: exponential service's, slowed or
/// sped up by the variation of service as the mean wait is (Lee and Longton 1959; W. Whitt, "Approximations for the
/// GI/G/m queue", 1993).
pub fn waits_longer(servers: u64, erlangs: f64, variation: f64, wait: f64) -> f64 {
    let spare = servers as f64 - erlangs;
    if spare <= 0.0 {
        return 1.0;
    }
    erlang_c(servers, erlangs) * (-2.0 * spare * wait / (1.0 + variation.powi(2))).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published values: a call centre of 10 erlangs with 11 and 14 agents ("Erlang C Formula", Call Centre Helper:
    /// 68.2 % and 17.4 %), and the closed form for two servers, 2ρ² / (1 + ρ) (Kleinrock, *Queueing Systems*, volume 1).
    #[test]
    fn waiting_is_as_in_tables() {
        let at = |servers, erlangs| (erlang_c(servers, erlangs) * 1000.0).round() / 1000.0;
        assert_eq!([at(11, 10.0), at(14, 10.0)], [0.682, 0.174]);
        // At ρ = 0.8: 1.28 / 1.8.
        assert_eq!(at(2, 1.6), 0.711);
        // One server is busy as often as it is used; none is idle above its capacity.
        assert_eq!([at(1, 0.3), at(1, 1.0), at(5, 9.0)], [0.3, 1.0, 1.0]);
        assert!(erlang_c(5000, 4900.0).is_finite());
    }

    #[test]
    fn waits_are_exact_for_exponential_service() {
        // M/M/1: P(W > t) = ρ e^(−(1 − ρ) t).
        let theory = 0.5 * (-0.5f64 * 3.0).exp();
        assert!((waits_longer(1, 0.5, 1.0, 3.0) - theory).abs() < 1e-12);
        assert!(waits_longer(1, 0.5, 0.0, 3.0) < theory);
    }
}
