//! Requirements on any figure of a report, and whether they are met.
