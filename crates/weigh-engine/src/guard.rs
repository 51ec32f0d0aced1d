//! Turns a panic inside an engine into an error, quietly.
//!
//! Engines are large and meet models nobody tested them with: an index out of range in one operator must not end
//! the whole program, nor write a backtrace between the lines of a report.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

use crate::EngineError;

/// Prefixes of the names of threads that belong to an engine. A panic there is passed on to the thread that
/// called the engine, where [`guarded`] catches it.
const ENGINE_THREADS: [&str; 1] = ["rten-"];

thread_local! {
    /// Whether this thread is inside [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, a call into `engine`; a panic in it becomes [`EngineError::Panicked`].
///
/// The first call adds a filter in front of the program's panic hook, which stays: it keeps panics inside engines
/// silent and hands all others on to the hook that was there before.
pub(crate) fn guarded<T>(
    engine: &'static str,
    activity: &'static str,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    static FILTER: Once = Once::new();
    FILTER.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !inside_an_engine() {
                previous(info);
            }
        }));
    });

    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| Err(EngineError::Panicked { engine, activity, message: message(&*panic) }))
}

/// Whether the current thread is calling an engine or is one of an engine's own.
fn inside_an_engine() -> bool {
    let own_thread = |name: &str| ENGINE_THREADS.iter().any(|prefix| name.starts_with(prefix));
    GUARDED.get() || thread::current().name().is_some_and(own_thread)
}

/// The text of a panic, which `panic!` carries as one of two string types.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let index = 3;
        let error = guarded::<()>("rten", "running the model", || panic!("no dimension {index}"));
        assert_eq!(error.unwrap_err().to_string(), "rten crashed while running the model: no dimension 3");
        let error = guarded::<()>("rten", "loading the model", || panic!("out of bounds"));
        assert_eq!(error.unwrap_err().to_string(), "rten crashed while loading the model: out of bounds");
        assert!(!inside_an_engine());
    }

    #[test]
    fn results_pass_through() {
        assert_eq!(guarded("rten", "running the model", || Ok(7)).unwrap(), 7);
    }

    #[test]
    fn a_panic_of_a_worker_thread_is_caught_and_silent() {
        let pool = rten::ThreadPool::with_num_threads(2);
        let error = guarded::<()>("rten", "running the model", || {
            pool.run(|| {
                assert!(inside_an_engine());
                panic!("in a worker")
            })
        });
        assert_eq!(error.unwrap_err().to_string(), "rten crashed while running the model: in a worker");
    }
}
