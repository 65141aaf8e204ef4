//! What the command line accepts, refuses and explains.

use clap::{CommandFactory as _, Parser as _};

use super::{Cli, Command};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    let cli = Cli::try_parse_from(std::iter::once("holdall").chain(line.split_whitespace()))?;
    cli.check()?;
    Ok(cli)
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn serve_is_the_default_command() {
    let cli = parse("--http 0.0.0.0:80 --demo").expect("flags of the default command");
    assert!(cli.command.is_none());
    assert_eq!(cli.serve.http.map(|http| http.to_string()), Some("0.0.0.0:80".to_owned()));
    let Some(Command::Serve(args)) = parse("serve --http [::1]:80 --data d").expect("serve").command else {
        panic!("not serve");
    };
    assert_eq!(args.http.map(|http| http.port()), Some(80));
    let named = parse("serve --domain a.example --domain b.example").expect("several names").command;
    assert!(matches!(named, Some(Command::Serve(args)) if args.domain == ["a.example", "b.example"]));
}

#[test]
fn the_global_flags_go_anywhere() {
    for line in ["--data d config show", "config --data d show", "config show --data d"] {
        assert_eq!(parse(line).expect(line).data.as_deref(), Some("d".as_ref()), "{line}");
    }
    assert!(parse("collections import - --delete-missing --config f").is_ok());
    assert!(parse("superuser create a@b.c -").is_ok());
}

#[test]
fn nonsense_is_refused() {
    for line in [
        "--demo config show",
        "--http 1.2.3.4:5 serve",
        "serve --http 8090",
        "superuser",
        "superuser create",
        "key create a@b.c name",
        "key create a@b.c name --all --scope tags=list",
        "key create a@b.c name --scope tags",
        "key revoke",
        "collections export",
        "config",
        "sevre",
        "version now",
        "service install --http 80",
        "rollback --list --yes",
        "update",
        "--unknown",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn every_command_explains_itself_with_an_example() {
    fn check(command: &mut clap::Command, path: &str) {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Example"), "{path} has no example");
        for inner in command.get_subcommands_mut() {
            let path = format!("{path} {}", inner.get_name());
            check(inner, &path);
        }
    }
    check(&mut Cli::command(), "holdall");
}

#[test]
fn passwords_are_not_shown_in_debug_output() {
    let cli = parse("superuser create a@b.c hunter2hunter2").expect("a valid line");
    assert!(!format!("{cli:?}").contains("hunter2"));
}

#[test]
fn the_help_of_config_lists_every_key() {
    let help = super::config::long_help();
    for key in crate::settings::KEYS {
        assert!(help.contains(key.name) && help.contains(key.doc), "{}", key.name);
    }
}
