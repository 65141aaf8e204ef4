//! The text of the systemd unit.
//!
//! Pure. The service gets what a server needs and nothing else: its data folder to write to, the network, and, if its
//! port asks for it, the right to listen below 1024. `systemd-analyze security` judges it in a test of processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// What every unit of ours begins with. A unit without it isn't ours to change.
pub const MARK: &str = "# Made by `holdall service install`; `holdall service uninstall` removes it.";
/// Where data folders of services lie, if nothing else is said.
const STATE: &str = "/var/lib";
/// Folders that services don't see.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name of the unit.
    pub name: String,
    /// The user that it runs as.
    pub user: String,
    /// The file of the program.
    pub program: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The configuration file, if it was named.
    pub config: Option<PathBuf>,
    /// Where to listen, if it was said.
    pub http: Option<SocketAddr>,
}

impl Service {
    /// Where its data is if nothing else is said.
    pub fn default_data(name: &str) -> PathBuf {
        Path::new(STATE).join(name)
    }

    /// Whether systemd makes its data folder by itself.
    pub fn has_state_directory(&self) -> bool {
        self.data == Service::default_data(&self.name)
    }

    /// Checks what comes from whoever installs it.
    ///
    /// # Errors
    /// 400 that says what can't be.
    pub fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        for (what, text) in [("name of the service", &self.name), ("name of the user", &self.user)] {
            if text.is_empty() || text.len() > 31 || text.starts_with('-') || !text.chars().all(plain) {
                return Err(Error::invalid(format!("The {what} has to be of letters, digits, - and _.")));
            }
        }
        for path in [Some(&self.program), Some(&self.data), self.config.as_ref()].into_iter().flatten() {
            // Units would need them quoted, in one way here and in another there.
            let odd = |c: char| c.is_whitespace() || c.is_control() || "\"'\\$%;".contains(c);
            if !path.is_absolute() || path.to_str().is_none_or(|text| text.contains(odd)) {
                let shown = path.display();
                return Err(Error::invalid(format!("A unit can't name the path {shown}; choose a plainer one.")));
            }
        }
        if is_below(&self.program, &HOMES) || is_below(&self.program, &["/tmp", "/var/tmp"]) {
            return Err(Error::invalid(format!(
                "The service wouldn't see the program at {0}. Copy it first: install -m 755 {0} /usr/local/bin/holdall",
                self.program.display()
            )));
        }
        if is_below(&self.data, &["/tmp", "/var/tmp"]) {
            return Err(Error::invalid("The service has temporary folders of its own; choose another data folder."));
        }
        Ok(())
    }

    /// The whole unit.
    pub fn text(&self) -> String {
        let Service { name, user, .. } = self;
        let (data, start) = (self.data.display(), self.start());
        let (folders, rights) = (self.folders(), self.rights());
        format!(
            "{MARK}
[Unit]
Description=Holdall ({name})
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={start}
User={user}
WorkingDirectory={data}
# Settings and secrets, as HOLDALL_NAME=value, in a file that only root may read.
EnvironmentFile=-/etc/{name}.env
Restart=on-failure
RestartSec=1s
# An upgrade of much data takes its time, and a restart is no reason to break it off.
TimeoutStartSec=infinity
TimeoutStopSec=60s
LimitNOFILE=65536

# What it may write to.
{folders}UMask=0077
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes

# What it may do.
{rights}NoNewPrivileges=yes
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private

# What it may see.
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes

[Install]
WantedBy=multi-user.target
"
        )
    }

    fn start(&self) -> String {
        let mut words = vec![self.program.display().to_string(), "serve".to_owned()];
        words.push(format!("--data {}", self.data.display()));
        words.extend(self.config.iter().map(|config| format!("--config {}", config.display())));
        words.extend(self.http.iter().map(|http| format!("--http {http}")));
        words.join(" ")
    }

    fn folders(&self) -> String {
        let mut lines = Vec::new();
        if self.has_state_directory() {
            lines.push(format!("StateDirectory={}\nStateDirectoryMode=0700", self.name));
        } else {
            lines.push(format!("ReadWritePaths={}", self.data.display()));
        }
        let config = self.config.as_ref().filter(|config| is_below(config, &HOMES));
        let is_home = is_below(&self.data, &HOMES);
        lines.push(format!("ProtectHome={}", if is_home || config.is_some() { "tmpfs" } else { "yes" }));
        if is_home {
            lines.push(format!("BindPaths={}", self.data.display()));
        }
        lines.extend(config.map(|config| format!("BindReadOnlyPaths={}", config.display())));
        lines.join("\n") + "\n"
    }

    fn rights(&self) -> String {
        match self.http.is_some_and(|http| (1..1024).contains(&http.port())) {
            true => "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n".to_owned(),
            // In a user namespace of its own it couldn't listen below 1024.
            false => "CapabilityBoundingSet=\nPrivateUsers=yes\n".to_owned(),
        }
    }
}

/// Whether a path lies in one of some folders.
fn is_below(path: &Path, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// The data folder that a unit of ours names.
pub fn data_of(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("WorkingDirectory="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        Service {
            name: "holdall".to_owned(),
            user: "holdall".to_owned(),
            program: "/usr/local/bin/holdall".into(),
            data: Service::default_data("holdall"),
            config: None,
            http: None,
        }
    }

    #[test]
    fn the_unit_gives_what_is_needed_and_no_more() {
        let text = service().text();
        for line in [
            "ExecStart=/usr/local/bin/holdall serve --data /var/lib/holdall",
            "StateDirectory=holdall",
            "ProtectHome=yes",
            "CapabilityBoundingSet=",
            "PrivateUsers=yes",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
        assert!(text.starts_with(MARK));
        assert_eq!(data_of(&text), Some("/var/lib/holdall"));

        let http = Some("0.0.0.0:443".parse().expect("an address"));
        let config = Some("/home/ada/Rocket.toml".into());
        let text = Service { data: "/srv/data".into(), http, config, ..service() }.text();
        for line in [
            "ExecStart=/usr/local/bin/holdall serve --data /srv/data --config /home/ada/Rocket.toml --http 0.0.0.0:443",
            "ReadWritePaths=/srv/data",
            "ProtectHome=tmpfs",
            "BindReadOnlyPaths=/home/ada/Rocket.toml",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
        assert!(!text.contains("PrivateUsers") && !text.contains("StateDirectory"));
    }

    #[test]
    fn what_a_unit_can_not_say_is_refused() {
        service().check().expect("it is right");
        let with = |change: fn(&mut Service)| {
            let mut service = service();
            change(&mut service);
            service.check().expect_err("it can't be").message()
        };
        assert!(with(|s| s.name = "a b".to_owned()).contains("letters"));
        assert!(with(|s| s.user = "a;b".to_owned()).contains("letters"));
        assert!(with(|s| s.data = "relative".into()).contains("plainer"));
        assert!(with(|s| s.data = "/srv/a b\nUser=root".into()).contains("plainer"));
        assert!(with(|s| s.config = Some("/etc/%n".into())).contains("plainer"));
        assert!(with(|s| s.program = "/root/holdall".into()).contains("install -m 755"));
        assert!(with(|s| s.data = "/tmp/data".into()).contains("another data folder"));
    }
}
