//! What the safe bindings do not offer: a library's version before the library is trusted with anything else, and runs
//! that share one loaded model. All unsafe code of the crate is here.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr::{self, NonNull};

use ort::AsPointer;
use ort::session::Session;
use ort::sys::{OrtApiBase, OrtValue};
use ort::value::DynValue;

/// The version that a shared library says it is, or why it does not say.
pub(super) fn version(path: &Path) -> Result<String, String> {
    type GetApiBase = unsafe extern "C" fn() -> *const OrtApiBase;
    // SAFETY: loading runs the library's own initialisers, as for every library that a program is linked with. Only
    // files with ONNX Runtime's name, or one that the user names, come here.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| described(&error, path))?;
    // SAFETY: ONNX Runtime exports the symbol with this type in all its versions.
    let base = unsafe { library.get::<GetApiBase>(b"OrtGetApiBase") };
    let base = base.map_err(|_| "it does not export OrtGetApiBase".to_owned())?;
    // SAFETY: the function takes nothing and returns a table that lives as long as the library, which is still open.
    let base = unsafe { base().as_ref() }.ok_or("it has no API")?;
    // SAFETY: as above; the returned text is a constant of the library.
    let text = unsafe { (base.GetVersionString)() };
    if text.is_null() {
        return Err("it has no version".to_owned());
    }
    // SAFETY: not null, ended by a zero, and the library is still open while it is copied.
    Ok(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// The loader's words, which are in the cause of the error, without the path that they begin with.
fn described(error: &libloading::Error, path: &Path) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let words = super::errors::one_line(&cause.unwrap_or_else(|| error.to_string()));
    words.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&words).to_owned()
}

/// Names as C sees them, made once.
pub(super) struct Names {
    pointers: Vec<*const c_char>,
    /// What the pointers point to.
    _owned: Vec<CString>,
}

// SAFETY: the texts are never changed and live on the heap as long as the value does, so any thread may read them.
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

impl Names {
    /// Names; `None` where one holds a zero byte.
    pub(super) fn new(names: &[String]) -> Option<Names> {
        let owned: Vec<CString> =
            names.iter().map(|name| CString::new(name.as_str()).ok()).collect::<Option<_>>()?;
        Some(Names { pointers: owned.iter().map(|name| name.as_ptr()).collect(), _owned: owned })
    }
}

/// Inputs of a run, in the model's order, made once for all runs.
#[derive(Default)]
pub(super) struct Feed {
    pointers: Vec<*const OrtValue>,
    /// What the pointers point to.
    _owned: Vec<DynValue>,
}

// SAFETY: a value may be read from any thread (`DynValue` is `Send`), and the pointers are to values owned here.
unsafe impl Send for Feed {}

impl Feed {
    /// The given values.
    pub(super) fn new(values: Vec<DynValue>) -> Feed {
        Feed { pointers: values.iter().map(AsPointer::ptr).collect(), _owned: values }
    }
}

/// An output of a run. Gives its memory back when dropped.
pub(super) struct Output(NonNull<OrtValue>);

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the value was returned by a run, and nobody else owns it.
        unsafe { (ort::api().ReleaseValue)(self.0.as_ptr()) }
    }
}

impl Output {
    /// The output as a value that can be read.
    pub(super) fn into_value(self, session: &Session) -> DynValue {
        let value = self.0;
        std::mem::forget(self);
        // SAFETY: ownership goes over; a run leaves its outputs in memory of the session's own allocator.
        unsafe { DynValue::from_ptr(value, Some(session.allocator())) }
    }
}

/// One inference: every output anew. An output is `None` where the model made none (an empty optional).
///
/// Takes the session shared where the bindings take it exclusively: a session's `Run` may be called from several
/// threads at once (ONNX Runtime's C API, `OrtApi::Run`), and providers that cannot do so lock inside.
pub(super) fn run(
    session: &Session,
    inputs: &Names,
    feed: &Feed,
    outputs: &Names,
) -> Result<Vec<Option<Output>>, ort::Error> {
    let mut values = vec![ptr::null_mut(); outputs.pointers.len()];
    let given = feed.pointers.len().min(inputs.pointers.len());
    // SAFETY: all pointers are to live values of the lengths given, the outputs are null, which asks for new ones.
    // The options are null, which asks for the default.
    let status = unsafe {
        (ort::api().Run)(
            session.ptr().cast_mut(),
            ptr::null(),
            inputs.pointers.as_ptr(),
            feed.pointers.as_ptr(),
            given,
            outputs.pointers.as_ptr(),
            values.len(),
            values.as_mut_ptr(),
        )
    };
    // What a failed run may have left is given back too.
    let values: Vec<_> = values.into_iter().map(|value| NonNull::new(value).map(Output)).collect();
    // SAFETY: the status is what the call above returned, used once.
    unsafe { ort::Error::result_from_status(status) }?;
    Ok(values)
}
