//! `holdall service install|uninstall`: the server as a service of systemd.
//!
//! What the service may do stands in `unit`. Here its files are written and systemd is asked to do the rest. With
//! `--root` that happens in the root of another system, such as an image that is being put together.

mod unit;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use clap::Subcommand;

use super::output;
use crate::base::{Error, Result};
use crate::settings::Flags;
use crate::store::Database;
use unit::Service;

pub const EXAMPLES: &str = "\
Examples:
  holdall service install --print
  sudo holdall service install --http 0.0.0.0:80
  sudo holdall service uninstall";

/// Where units of the administrator lie.
const UNITS: &str = "etc/systemd/system";
/// It is there if the machine was started by systemd.
const BOOTED: &str = "/run/systemd/system";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a service of this program and start it, now and at every start of the machine.
    ///
    /// The service runs as a user of its own, who may write to the data folder and to nothing else. What is installed
    /// already is made anew, as after a change of these flags.
    #[command(after_help = "\
Examples:
  sudo holdall service install --http 0.0.0.0:80
  sudo holdall service install --data /srv/holdall --config /etc/holdall/Rocket.toml")]
    Install {
        /// The user that it runs as; made if there is none (default: the service's name).
        #[arg(long)]
        user: Option<String>,
        /// Where to listen (default: as the configuration says).
        #[arg(long, value_name = "ADDRESS:PORT")]
        http: Option<SocketAddr>,
        #[command(flatten)]
        place: Place,
        /// Only print the unit.
        #[arg(long)]
        print: bool,
    },
    /// Stop the service and remove it. The data stays.
    #[command(after_help = "Example:\n  sudo holdall service uninstall")]
    Uninstall {
        #[command(flatten)]
        place: Place,
    },
}

/// Which service, and where.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// The name of the service, if there is to be more than one.
    #[arg(long, default_value = "holdall")]
    name: String,
    /// The root folder of another system, where nothing is started.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(command: Command, flags: &Flags) -> Result<()> {
    match command {
        Command::Install { user, http, place, print } => {
            let service = service(user, http, &place.name, flags)?;
            if print { output::print(&service.text()) } else { install(&service, &place) }
        }
        Command::Uninstall { place } => uninstall(&place),
    }
}

fn service(user: Option<String>, http: Option<SocketAddr>, name: &str, flags: &Flags) -> Result<Service> {
    let absolute = |path: &PathBuf| std::path::absolute(path).map_err(Error::internal);
    let service = Service {
        name: name.to_owned(),
        user: user.unwrap_or_else(|| name.to_owned()),
        program: std::env::current_exe().map_err(Error::internal)?,
        data: flags.data.as_ref().map_or_else(|| Ok(Service::default_data(name)), absolute)?,
        config: flags.config.as_ref().map(absolute).transpose()?,
        http,
    };
    service.check().map(|()| service)
}

impl Place {
    /// The file of the unit.
    fn unit(&self) -> PathBuf {
        self.root.as_deref().unwrap_or(Path::new("/")).join(UNITS).join(format!("{}.service", self.name))
    }

    /// A program of systemd, which works in the other root if there is one.
    fn program(&self, name: &str) -> Program {
        let mut program = Program::new(name);
        program.args(self.root.iter().map(|root| format!("--root={}", root.display())));
        program
    }

    /// Refuses what would fail halfway.
    fn check(&self) -> Result<()> {
        if self.root.is_some() {
            return Ok(());
        }
        if !is_root() {
            return Err(Error::invalid("Only root may install services: write sudo before the command."));
        }
        if !Path::new(BOOTED).is_dir() {
            return Err(Error::invalid(
                "This machine wasn't started by systemd: start `holdall serve` as it starts others.",
            ));
        }
        Ok(())
    }

    /// The unit that is there; one that somebody else has written is left alone.
    fn installed(&self) -> Result<Option<String>> {
        let file = self.unit();
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(stuck(&format!("The unit {} can't be read", file.display()), error)),
            Ok(text) if text.starts_with(unit::MARK) => Ok(Some(text)),
            Ok(_) => Err(Error::invalid(format!(
                "The unit {} wasn't made by this program. Nothing was changed.",
                file.display()
            ))),
        }
    }
}

/// Everything in the data folder is going to be the service's user's, so it must be a data folder.
fn check_folder(data: &Path) -> Result<()> {
    let mut entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(stuck(&format!("The data folder {} can't be read", data.display()), error)),
    };
    if entries.next().is_none() || data.join(Database::Data.file_name()).is_file() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{} has files in it, but no database of this program. Everything in the data folder will belong to the \
         service, so name an empty folder, or one that the program has made.",
        data.display()
    )))
}

fn install(service: &Service, place: &Place) -> Result<()> {
    place.check()?;
    check_folder(&service.data)?;
    let is_there = place.installed()?.is_some();
    let (name, user, data) = (&service.name, &service.user, service.data.display().to_string());
    let entry = format!("u {user} - \"Holdall\" {data}");
    run_program(place.program("systemd-sysusers").args(["--inline", &entry]))?;
    if !service.has_state_directory() && place.root.is_none() {
        run_program(Program::new("mkdir").args(["-p", "-m", "700", &data]))?;
        run_program(Program::new("chown").args(["-R", &format!("{user}:"), &data]))?;
    }
    write(&place.unit(), &service.text())?;
    run_program(place.program("systemctl").args(["enable", name]))?;
    if place.root.is_none() {
        run_program(Program::new("systemctl").arg("daemon-reload"))?;
        run_program(Program::new("systemctl").args([if is_there { "restart" } else { "start" }, name]))?;
    }
    let began = if place.root.is_none() { "runs, and starts" } else { "starts" };
    output::print(&format!(
        "The service {name} {began} with the machine. Its data is in {data}.\n\
         What it prints, such as the link to the first superuser: journalctl -u {name}\n\
         Commands on its data: sudo -u {user} {} --data {data} superuser list\n",
        service.program.display()
    ))
}

fn uninstall(place: &Place) -> Result<()> {
    place.check()?;
    let name = &place.name;
    let text = place.installed()?.ok_or_else(|| Error::invalid(format!("There is no service {name}.")))?;
    if place.root.is_none() {
        run_program(Program::new("systemctl").args(["stop", name]))?;
    }
    run_program(place.program("systemctl").args(["disable", name]))?;
    let file = place.unit();
    fs::remove_file(&file).map_err(|error| stuck(&format!("{} can't be removed", file.display()), error))?;
    if place.root.is_none() {
        run_program(Program::new("systemctl").arg("daemon-reload"))?;
    }
    let data = unit::data_of(&text).unwrap_or("its data folder");
    output::print(&format!("The service {name} is gone. Its data and its user stay; the data is in {data}.\n"))
}

/// Writes a file so that nobody ever sees a half of it.
fn write(file: &Path, text: &str) -> Result<()> {
    let part = file.with_extension("service.part");
    let folder = file.parent().unwrap_or(Path::new("/"));
    let written =
        fs::create_dir_all(folder).and_then(|()| fs::write(&part, text)).and_then(|()| fs::rename(&part, file));
    written.map_err(|error| stuck(&format!("The unit {} can't be written", file.display()), error))
}

/// Runs a program to its end.
fn run_program(program: &mut Program) -> Result<()> {
    let name = program.get_program().display().to_string();
    let ended = program.output().map_err(|error| stuck(&format!("The program {name} can't be started"), error))?;
    if ended.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&ended.stderr);
    Err(Error::unavailable(format!("{name} has failed: {}", complaint.trim())))
}

/// Whether the process runs as root. Its entry in /proc belongs to whom it runs as.
fn is_root() -> bool {
    #[cfg(unix)]
    let is_root = fs::metadata("/proc/self").is_ok_and(|known| std::os::unix::fs::MetadataExt::uid(&known) == 0);
    #[cfg(not(unix))]
    let is_root = false;
    is_root
}

fn stuck(what: &str, error: io::Error) -> Error {
    Error::unavailable(what.to_owned()).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_folders_are_handed_over() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let inside = |name: &str| folder.path().join(name);
        assert!(check_folder(&inside("new")).is_ok() && check_folder(folder.path()).is_ok());
        fs::write(inside("photo.jpg"), "").expect("files can be written");
        assert!(check_folder(folder.path()).is_err());
        fs::write(inside("data.db"), "").expect("files can be written");
        assert!(check_folder(folder.path()).is_ok());
    }
}
