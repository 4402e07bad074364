//! An agent in Rust: joins a bus by name and answers every spike with its payload reversed.
//!
//!     rustc --edition 2021 -O echo.rs -L $(npx neuronbus-config --libdir) && ./echo my-bus
//!
//! No crates. Ends when it receives "stop".

use std::ffi::{c_char, c_void, CStr, CString};
use std::{env, process, ptr, slice};

#[repr(C)]
struct Spike {
    timestamp_ns: u64,
    sequence: u32,
    source: u16,
    target: u16,
    kind: u8,
    priority: u8,
    payload: [u8; 46],
}

#[repr(C)]
struct Card {
    name: *const c_char,
    description: *const c_char,
    version: *const c_char,
    capabilities: *const *const c_char,
    regions: *const *const c_char,
    tags: *const *const c_char,
    capability_count: u32,
    region_count: u32,
    tag_count: u32,
    reserved: [u32; 5],
}

#[repr(C)]
struct Delivery {
    spike: *const Spike,
    payload: *const u8,
    length: u32,
    neuron: u16,
    flags: u16,
}

#[repr(C)]
struct Bus {
    _opaque: [u8; 0],
}

#[link(name = "neuronbus")]
extern "C" {
    fn nb_bus_open(name: *const c_char, out: *mut *mut Bus) -> i32;
    fn nb_bus_close(bus: *mut Bus) -> i32;
    fn nb_bus_errmsg(bus: *const Bus) -> *const c_char;
    fn nb_register(bus: *mut Bus, card: *const Card, id: *mut u16) -> i32;
    fn nb_wait(bus: *mut Bus, timeout_ms: i32) -> i32;
    fn nb_poll(bus: *mut Bus, batch: *mut *const Delivery, max: u32) -> u32;
    fn nb_reply(bus: *mut Bus, source: u16, spike: *const Spike, data: *const c_void, length: u32) -> i32;
}

fn check(bus: *const Bus, status: i32, what: &str) {
    if status != 0 {
        let detail = unsafe { CStr::from_ptr(nb_bus_errmsg(bus)) };
        eprintln!("echo: {what}: {}", detail.to_string_lossy());
        process::exit(1);
    }
}

/// Hands the batch that waits to `handle`, as neuron and payload. Slices are valid until it returns.
fn poll(bus: *mut Bus, mut handle: impl FnMut(&Delivery, &[u8])) {
    let mut batch: *const Delivery = ptr::null();
    let count = unsafe { nb_poll(bus, &mut batch, 64) } as usize;
    if count == 0 {
        return;
    }
    for one in unsafe { slice::from_raw_parts(batch, count) } {
        handle(one, unsafe { slice::from_raw_parts(one.payload, one.length as usize) });
    }
}

fn main() {
    let name = CString::new(env::args().nth(1).unwrap_or("echo".into())).expect("a name without NUL");
    let mut bus: *mut Bus = ptr::null_mut();
    check(ptr::null(), unsafe { nb_bus_open(name.as_ptr(), &mut bus) }, "no bus");

    let capabilities = [c"echo-rust".as_ptr()];
    let card = Card {
        name: c"echo in Rust".as_ptr(),
        description: ptr::null(),
        version: ptr::null(),
        capabilities: capabilities.as_ptr(),
        regions: ptr::null(),
        tags: ptr::null(),
        capability_count: 1,
        region_count: 0,
        tag_count: 0,
        reserved: [0; 5],
    };
    let mut id = 0u16;
    check(bus, unsafe { nb_register(bus, &card, &mut id) }, "not registered");
    println!("neuron {id}");

    let mut ends = false;
    while !ends {
        unsafe { nb_wait(bus, -1) };
        poll(bus, |one, payload| {
            if payload == b"stop" {
                ends = true;
                return;
            }
            let reversed: Vec<u8> = payload.iter().rev().copied().collect();
            let data = reversed.as_ptr() as *const c_void;
            check(bus, unsafe { nb_reply(bus, id, one.spike, data, one.length) }, "no answer");
        });
    }
    unsafe { nb_bus_close(bus) }; // the neuron leaves discovery
}
