//! A real browser: Chromium, driven over the WebDriver protocol
//! (<https://www.w3.org/TR/webdriver2/>).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

/// A driver with one window.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    session: String,
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
        let stdout = driver.stdout.take().unwrap();
        let port = BufReader::new(stdout).lines().find_map(|line| {
            let line = line.unwrap();
            let port = line.strip_suffix('.')?.rsplit_once("on port ")?.1;
            Some(port.to_owned())
        });
        let root = format!("http://127.0.0.1:{}/session", port.unwrap());
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
