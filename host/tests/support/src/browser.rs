//! A real browser: Chromium, driven over the WebDriver protocol
//! (<https://www.w3.org/TR/webdriver2/>).

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use serde_json::{Value as Json, json};

use crate::root;

/// A driver with one window.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    session: String,
}

/// How often a driver is started. It takes the same port for both versions of the internet protocol, of which one may be
/// another's.
const STARTS_MAX: usize = 5;

/// Starts a driver: its process and its port, unless it could not have one.
fn start_driver() -> Option<(Child, String)> {
    let driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut driver = driver.unwrap_or_else(|error| {
        panic!(
            "chromedriver cannot be run ({error}): install Chromium and its driver (Debian: \
             apt-get install chromium chromium-driver), or run ./runner.sh test as root"
        )
    });
    let lines = driver.stdout.take().map(|it| BufReader::new(it).lines());
    let port = lines.into_iter().flatten().find_map(|line| {
        let line = line.ok()?;
        let port = line.strip_suffix('.')?.rsplit_once("on port ")?.1;
        Some(port.to_owned())
    });
    match port {
        Some(port) => Some((driver, port)),
        None => {
            let _ = driver.kill();
            let _ = driver.wait();
            None
        }
    }
}

/// The usual size of the window.
const WIDE: (u32, u32) = (1400, 1000);

impl Browser {
    /// With a window of the usual size.
    pub fn start() -> Self {
        Browser::of_size(WIDE)
    }

    /// With a window of a width and a height.
    pub fn of_size((width, height): (u32, u32)) -> Self {
        let started = (0..STARTS_MAX).find_map(|_| start_driver());
        let (driver, port) = started.expect("a driver that starts");
        let root = format!("http://127.0.0.1:{port}/session");
        let mut browser = Browser {
            driver,
            session: root.clone(),
        };
        let size = format!("--window-size={width},{height}");
        let answer = browser.post(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--hide-scrollbars", size,
                ]},
                "goog:loggingPrefs": {"browser": "ALL"},
                // In milliseconds. However slow the machine, this is enough.
                "timeouts": {"script": 600_000, "pageLoad": 600_000},
            }}}),
        );
        browser.session = format!("{root}/{}", answer["sessionId"].as_str().unwrap());
        browser
    }

    fn post(&self, path: &str, body: &Json) -> Json {
        let response = ureq::post(format!("{}{path}", self.session))
            .config()
            .http_status_as_error(false)
            .build()
            .header("content-type", "application/json")
            .send(body.to_string());
        let text = response
            .unwrap()
            .body_mut()
            .with_config()
            .limit(1 << 28)
            .read_to_string()
            .unwrap();
        let mut answer: Json = serde_json::from_str(&text).unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path} {body}: {value}");
        value
    }

    /// Opens a file.
    pub fn open(&self, path: &Path) {
        let path = path.canonicalize().unwrap();
        self.post(
            "/url",
            &json!({"url": format!("file://{}", path.display())}),
        );
    }

    /// Opens an address.
    pub fn visit(&self, address: &str) {
        self.post("/url", &json!({"url": address}));
    }

    /// Waits until an expression is true. However slow the machine, half a minute is enough.
    ///
    /// # Panics
    /// If it is not true by then, with what the page shows.
    pub fn wait_for(&self, expression: &str) {
        let script = "const is = new Function(`return ${arguments[0]}`), begin = performance.now();
             return new Promise((done) => {
               const look = () => {
                 if (is()) done(null);
                 else if (performance.now() - begin > 30000) done(document.body.innerText);
                 else setTimeout(look, 10);
               };
               look();
             })";
        let shown = self.run(script, json!([expression]));
        assert!(shown.is_null(), "{expression} is not true of: {shown}");
    }

    /// Presses keys one after the other, whatever has the focus. Keys without a character are in WebDriver's private
    /// code points.
    pub fn press(&self, keys: &str) {
        let presses = keys.chars().flat_map(|key| {
            let of = |kind: &str| json!({"type": kind, "value": key.to_string()});
            [of("keyDown"), of("keyUp")]
        });
        self.actions(&json!({"type": "key", "id": "keys", "actions": presses.collect::<Vec<_>>()}));
    }

    /// Moves the mouse, its button down, from one point of the window to another.
    pub fn drag(&self, from: (i64, i64), to: (i64, i64)) {
        let go = |(x, y): (i64, i64)| json!({"type": "pointerMove", "duration": 0, "x": x, "y": y});
        let middle = (i64::midpoint(from.0, to.0), i64::midpoint(from.1, to.1));
        let (down, up) = (
            json!({"type": "pointerDown", "button": 0}),
            json!({"type": "pointerUp", "button": 0}),
        );
        let actions = json!([go(from), down, go(middle), go(to), up]);
        self.actions(&json!({
            "type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions,
        }));
    }

    fn actions(&self, source: &Json) {
        self.post("/actions", &json!({"actions": [source]}));
    }

    /// A picture of the window, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.command("Page.captureScreenshot", &json!({"format": "png"}));
        let coded = picture["data"].as_str().unwrap();
        base64::prelude::BASE64_STANDARD.decode(coded).unwrap()
    }

    /// Shows the page without motion, for who asks for that: everything is at its place at once.
    pub fn be_still(&self) {
        let features = json!([{"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Shows the page as a phone would, in the dark or not.
    pub fn be_phone(&self, (width, height): (u32, u32), is_dark: bool) {
        let device =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": true});
        self.command("Emulation.setDeviceMetricsOverride", &device);
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// The barriers that axe-core finds in the page, each with the elements that have it.
    pub fn barriers(&self) -> Vec<String> {
        let path = root().join("target/tools/axe/axe.min.js");
        let axe = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run host/tests/programs/build.sh",
                path.display()
            )
        });
        self.run(&format!("{axe}; window.axe = axe;"), json!([]));
        let found = self.run(
            "return axe.run(document, {resultTypes: ['violations']}).then(({violations}) =>
               violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(' ')}`))",
            json!([]),
        );
        serde_json::from_value(found).unwrap()
    }

    /// Runs the body of a function with these arguments; its value.
    pub fn run(&self, script: &str, args: Json) -> Json {
        self.post("/execute/sync", &json!({"script": script, "args": args}))
    }

    /// The visible text of the first element that a selector finds.
    pub fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0]).innerText";
        let text = self.run(script, json!([selector]));
        text.as_str().unwrap().to_owned()
    }

    /// The cells of the rows of a table's body.
    pub fn cells(&self, selector: &str) -> Vec<Vec<String>> {
        let script = "return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].map((row) => \
                      [...row.cells].map((cell) => cell.innerText))";
        serde_json::from_value(self.run(script, json!([selector]))).unwrap()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post(
            "/element",
            &json!({"using": "css selector", "value": selector}),
        );
        let id = found.as_object().unwrap().values().next().unwrap();
        id.as_str().unwrap().to_owned()
    }

    /// Clicks on an element as a user does.
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into an element. Keys without a character are in WebDriver's private code points.
    pub fn keys(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({"text": keys}));
    }

    /// Chooses an option of a select element.
    pub fn choose(&self, selector: &str, option: &str) {
        self.run(
            "const select = document.querySelector(arguments[0]); select.value = arguments[1]; \
             select.dispatchEvent(new Event('change'))",
            json!([selector, option]),
        );
    }

    /// The log of the page: errors of scripts, violations of its policy.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A command of the browser's own protocol.
    pub fn command(&self, name: &str, params: &Json) -> Json {
        self.post("/goog/cdp/execute", &json!({"cmd": name, "params": params}))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The window closes with its session; without an answer there is nothing to close.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
