//! Starts the program: as a server that is killed when dropped, or as a command that ends by itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value as Json, json};

use super::http::{ANSWER_TIMEOUT, Client};

pub const EMAIL: &str = "root@example.com";
pub const PASSWORD: &str = "a password for tests";

/// How many ports are tried: between the choice of a free one and its use, another program may take it.
const PORT_TRIES: usize = 20;

/// The program, in a working directory without configuration and with no variable of the person who runs the tests.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdall"));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy();
        if ours.starts_with("HOLDALL_") || ours.starts_with("ROCKET_") {
            command.env_remove(&name);
        }
    }
    let folder = data.parent().expect("data folders of tests lie in a folder of their own");
    command.current_dir(folder).env("HOLDALL_DATA_DIR", data).env("NO_COLOR", "1").stdin(Stdio::null());
    if is_behind_front() {
        command.env("HOLDALL_FRONT", "always");
    }
    command
}

/// Whether servers of these tests have the front before them. `scripts/test` runs them with it and without: whatever
/// is asked over whatever socket, the answers are the same.
pub fn is_behind_front() -> bool {
    std::env::var_os("HOLDALL_TEST_FRONT").is_some()
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What it printed, if it succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }

    /// What it complained of; the exit status must be a failure's and nothing may be on standard output.
    #[track_caller]
    pub fn failed(self) -> String {
        assert!(self.status.code().is_some_and(|code| code != 0), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(!self.stderr.trim().is_empty() && !self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    run_with_input(command.stdin(Stdio::null()), "")
}

/// Runs a command to its end with something on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Ended {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut process = Process::spawn(command);
    if let Some(mut pipe) = process.child.stdin.take() {
        // A command that fails early may not read it.
        let _ = pipe.write_all(input.as_bytes());
    }
    let (stdout, _) = process.stdout.wait(|_| false);
    let (stderr, _) = process.stderr.wait(|_| false);
    Ended { status: process.child.wait().expect("it is our child"), stdout, stderr }
}

/// Runs `holdall ARGUMENTS` on a data folder.
pub fn holdall(data: &Path, arguments: &[&str]) -> Ended {
    run(program(data).args(arguments))
}

/// What the program has printed on one pipe so far, and whether the pipe is closed.
#[derive(Default)]
struct Printed {
    state: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Printed {
    /// Collects a pipe in a thread of its own.
    fn collect(mut pipe: impl Read + Send + 'static) -> Arc<Printed> {
        let printed = Arc::new(Printed::default());
        let collected = printed.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(size @ 1..) = pipe.read(&mut buffer) {
                collected.lock().0.push_str(&String::from_utf8_lossy(&buffer[..size]));
                collected.changed.notify_all();
            }
            collected.lock().1 = true;
            collected.changed.notify_all();
        });
        printed
    }

    fn lock(&self) -> MutexGuard<'_, (String, bool)> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn text(&self) -> String {
        self.lock().0.clone()
    }

    /// Waits until the text is enough or the pipe is closed, and says whether it is.
    fn wait(&self, enough: impl Fn(&str) -> bool) -> (String, bool) {
        let waits = |state: &mut (String, bool)| !enough(&state.0) && !state.1;
        let (state, outcome) =
            self.changed.wait_timeout_while(self.lock(), ANSWER_TIMEOUT, waits).expect("no holder of the lock panics");
        assert!(!outcome.timed_out(), "the program neither went on nor ended; it printed:\n{}", state.0);
        state.clone()
    }
}

/// A process that is killed when dropped.
struct Process {
    child: Child,
    stdout: Arc<Printed>,
    stderr: Arc<Printed>,
}

impl Process {
    fn spawn(command: &mut Command) -> Process {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let stdout = Printed::collect(child.stdout.take().expect("it is piped"));
        let stderr = Printed::collect(child.stderr.take().expect("it is piped"));
        Process { child, stdout, stderr }
    }

    fn all_text(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that goes on by itself; killed when dropped.
pub struct Following(Process);

impl Following {
    /// Runs `holdall ARGUMENTS` on a data folder, beside whatever else does.
    pub fn start(data: &Path, arguments: &[&str]) -> Following {
        Following(Process::spawn(program(data).args(arguments)))
    }

    /// Waits until it has complained of `part`.
    #[track_caller]
    pub fn wait_for_complaint(&self, part: &str) {
        let (text, _) = self.0.stderr.wait(|text| text.contains(part));
        assert!(text.contains(part), "it ended before it complained of {part:?}:\n{}", self.0.all_text());
    }

    /// Waits until it has printed `part`, and gives all that it has printed.
    #[track_caller]
    pub fn wait_for(&self, part: &str) -> String {
        let (text, ended) = self.0.stdout.wait(|text| text.contains(part));
        assert!(!ended || text.contains(part), "it ended before it printed {part:?}:\n{}", self.0.all_text());
        text
    }
}

/// A running server.
pub struct Server {
    process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// Serves a data folder with defaults.
    pub fn start(data: &Path) -> Server {
        Server::start_with(data, |_| {})
    }

    /// Serves a data folder with whatever `change` adds to the command.
    pub fn start_with(data: &Path, change: impl Fn(&mut Command)) -> Server {
        for _ in 0..PORT_TRIES {
            let address = free_address();
            let mut command = program(data);
            command.arg("serve").arg("--http").arg(address.to_string());
            change(&mut command);
            let mut process = Process::spawn(&mut command);
            let (_, ended) = process.stdout.wait(|text| text.contains("Data   "));
            if !ended {
                let server = Server { process, address };
                server.client().get("/api/health").expect(200);
                return server;
            }
            let status = process.child.wait().expect("it is our child");
            let (complaint, _) = process.stderr.wait(|_| false);
            assert!(complaint.contains("can't listen"), "the server ended with {status} at start:\n{complaint}");
        }
        panic!("no port was free in {PORT_TRIES} tries");
    }

    pub fn client(&self) -> Client {
        Client::new(self.address).expect("the server takes connections")
    }

    /// A client signed in as the superuser that [`claim`] makes.
    pub fn superuser(&self) -> Client {
        let token = self.token(EMAIL, PASSWORD).expect("the superuser can sign in");
        self.client().with_token(&token)
    }

    /// The token of a superuser; `None` if the password isn't taken.
    pub fn token(&self, email: &str, password: &str) -> Option<String> {
        let body = json!({"identity": email, "password": password});
        let reply = self.client().post("/api/collections/_superusers/auth-with-password", &body);
        match reply.status {
            200 => Some(reply.json()["token"].as_str().expect("a token is text").to_owned()),
            _ => {
                reply.expect_envelope(400);
                None
            }
        }
    }

    /// What it has printed on standard output.
    pub fn printed(&self) -> String {
        self.process.stdout.text()
    }

    /// The path of the set-up link that it has printed.
    pub fn setup_path(&self) -> String {
        let (text, ended) = self.process.stdout.wait(|text| text.contains("It works once."));
        assert!(!ended, "the server has ended:\n{}", self.process.all_text());
        let url = text.split_whitespace().find(|word| word.contains("/_/setup/")).expect("the link is in the text");
        url.strip_prefix(&format!("http://{}", self.address)).expect("it leads to this server").to_owned()
    }

    /// Makes sure that the process still runs, answers, and has not panicked anywhere.
    #[track_caller]
    pub fn expect_alive(&mut self) {
        let ended = self.process.child.try_wait().expect("it is our child");
        let text = self.process.all_text();
        assert!(ended.is_none(), "the server ended with {ended:?}:\n{text}");
        self.client().get("/api/health").expect(200);
        assert!(!text.contains("panicked"), "{text}");
    }

    /// Ends it at once, as a power cut would: SIGKILL.
    pub fn kill(mut self) {
        self.process.child.kill().expect("it is our child");
        self.process.child.wait().expect("it is our child");
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(mut self) -> ExitStatus {
        self.process.stdout.wait(|_| false);
        self.process.child.wait().expect("it is our child")
    }

    /// Waits until it has started anew in its own place, having started `starts` times altogether.
    pub fn wait_for_start(&self, starts: usize) {
        let (_, ended) = self.process.stdout.wait(|text| text.matches("Data   ").count() >= starts);
        assert!(!ended, "the server has ended:\n{}", self.process.all_text());
    }

    /// Asks it to end with SIGTERM; gives its status and what it has printed.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let sent = Command::new("kill").arg("-TERM").arg(self.process.child.id().to_string()).status();
        assert!(sent.expect("there is a command `kill`").success());
        self.process.stdout.wait(|_| false);
        (self.process.child.wait().expect("it is our child"), self.process.all_text())
    }
}

/// A port that nobody listens on at this moment.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address")
}

/// Makes the superuser [`EMAIL`] in a data folder.
pub fn claim(data: &Path) {
    holdall(data, &["superuser", "create", EMAIL, PASSWORD]).ok();
}

/// A base collection that everybody may do everything with.
pub fn open_collection(name: &str, fields: Json) -> Json {
    json!({
        "name": name, "type": "base", "fields": fields,
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
    })
}

/// Everything in a folder, by path, to tell whether anything was changed.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("entries can be read").path();
            let name = path.strip_prefix(folder).expect("it is below the folder").display().to_string();
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                folders.push(path);
            } else {
                found.insert(name, fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

/// Numbers that look random and follow from a seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }
}

/// The number in an environment variable of the tests.
pub fn test_number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}
