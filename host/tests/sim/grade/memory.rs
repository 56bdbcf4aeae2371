//! What a grader has resident while it judges guests that want all that there is.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use test_support::memory::status_kib;
use test_support::{Class, host};

use crate::hostile::frame::whole;

/// What docs/grading.md promises.
const RESIDENT_KIB_MAX: u64 = 1 << 20;

/// More threads than the machine has cores: as many runs go on at a time.
const MANY_THREADS: &str = "12";

/// An address space that is small for an engine that reserves 4 GiB for each memory.
const ADDRESS_SPACE: &str = "8388608";

/// An echo that answers with `piece` over and over, twice as often for each of `doublings`. `name`
/// makes it another module than the same of another student.
fn flood(name: &str, piece: &str, last: &str, doublings: u32) -> Vec<u8> {
    let text = |at: u32, text: &str| {
        let text = text.replace('"', "\\22");
        format!("(data (i32.const {at}) \"{text}\\00\")\n")
    };
    let data = [
        text(0x1000, r#","echo":["#),
        text(0x1020, piece),
        text(0x1040, last),
        text(0x1060, name),
    ];
    let body = "
        (func $step
          (local $begin i32)
          (local $n i32)
          (if (i32.eqz (call $find (i32.const 0x020))) (then (call $answer) (return)))
          (if (i32.lt_u (memory.size) (i32.const 300))
            (then (drop (memory.grow (i32.const 300)))))
          (call $reply (i32.const 0x180))
          (call $put (i32.const 0x1000))
          (local.set $begin (global.get $out))
          (call $put (i32.const 0x1020))
          (local.set $n (i32.const DOUBLINGS))
          (loop $double
            (call $put_range (local.get $begin) (i32.sub (global.get $out) (local.get $begin)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $double (local.get $n)))
          (call $put (i32.const 0x1040))
          (call $put (i32.const 0x140)))";
    let body = body.replace("DOUBLINGS", &doublings.to_string());
    whole(&(data.concat() + &body))
}

/// An honest echo that has written to so many pages of its memory.
fn hog(name: &str, pages: u32) -> Vec<u8> {
    whole(&format!(
        "(data (i32.const 0x1060) \"{name}\")
         (func $step
           (local $old i32)
           (local.set $old (memory.grow (i32.const {pages})))
           (if (i32.ne (local.get $old) (i32.const -1))
             (then
               (memory.fill
                 (i32.mul (local.get $old) (i32.const 0x10000))
                 (i32.const 1)
                 (i32.mul (i32.const {pages}) (i32.const 0x10000)))))
           (call $answer))"
    ))
}

/// Grades the class in an address space of so many KiB, and returns the grade and the most that the
/// grader had resident, in KiB.
fn graded(class: &Class, threads: &str, address_space: &str) -> (Json, u64) {
    let out = class.path("grade.json");
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v $0 && exec \"$@\""])
        .arg(address_space)
        .arg(host())
        .args(["grade", "--format", "json", "--challenge", "1"])
        .args(["--seeds", "1..3", "--cache-dir"])
        .arg(class.path("cache"))
        .arg(class.path("class"))
        .env("RAYON_NUM_THREADS", threads)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .spawn()
        .unwrap();
    let mut peak_kib = 0;
    let status = loop {
        // The last look before the end is close enough to the peak, which only grows.
        peak_kib = status_kib(&child.id().to_string(), "VmHWM").unwrap_or(peak_kib);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(1), "{status}");
    (read(&out), peak_kib)
}

fn read(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The name of each submission, and the verdict on it.
fn verdicts(grade: &Json) -> Vec<(String, String)> {
    let submissions = grade["submissions"].as_array().unwrap().iter();
    submissions
        .map(|it| {
            let verdict = it["challenges"][0]["verdict"].as_str().unwrap();
            (it["name"].as_str().unwrap().to_owned(), verdict.to_owned())
        })
        .collect()
}

#[test]
fn a_grader_stays_below_a_gibibyte_whatever_guests_do_and_however_many_run() {
    let class = Class::empty();
    let mut expected = Vec::new();
    for student in 0..6 {
        let mut hand_in = |what: &str, verdict: &str, module: Vec<u8>| {
            let name = format!("{what}{student}");
            class.write(&format!("{name}/echo.wasm"), &module);
            expected.push((name, verdict.to_owned()));
        };
        let name = format!("s{student}");
        // 63 MB of values, 8 MB of floats that are judged, 100 MiB of memory. Answers that were
        // received before the bound are wrong, and that decides.
        hand_in("floats", "WA", flood(&name, "1.5,", "1]", 18));
        hand_in("hog", "AC", hog(&name, 1600));
        hand_in("honest", "AC", hog(&name, 1));
        hand_in("objects", "OLE", flood(&name, "{},", "{}]", 19));
        hand_in("strings", "WA", flood(&name, "\"aaaaaaaa\",", "1]", 17));
    }
    expected.sort();
    let (grade, peak_kib) = graded(&class, MANY_THREADS, "unlimited");
    assert_eq!(verdicts(&grade), expected);
    assert!(peak_kib < RESIDENT_KIB_MAX, "{peak_kib} KiB");
}

#[test]
fn in_a_small_address_space_a_hostile_guest_does_not_take_the_results_of_others_with_it() {
    let class = Class::empty();
    class.write("a/echo.wasm", &hog("a", 1));
    class.write("b/echo.wasm", &flood("b", "{},", "{}]", 20));
    class.write("c/echo.wasm", &hog("c", 1));
    let (grade, _) = graded(&class, "2", ADDRESS_SPACE);
    let expected = [("a", "AC"), ("b", "OLE"), ("c", "AC")];
    let expected = expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()));
    assert_eq!(verdicts(&grade), expected);
}
