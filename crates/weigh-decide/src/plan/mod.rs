//! Serving a workload: servers, time, money, energy.
