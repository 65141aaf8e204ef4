//! Tells systemd how far the server has come, if it asks (sd_notify(3)). Elsewhere nothing happens.

/// The server answers from now on.
pub fn ready() {
    tell("READY=1");
}

/// The server is about to end.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Sends a line to the socket that systemd has named. If that fails, the server is no worse for it; systemd says then
/// that it waits in vain.
fn tell(state: &str) {
    if let Some(name) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = send(&name, state)
    {
        tracing::warn!(%error, "systemd can't be told: {state}");
    }
}

#[cfg(unix)]
fn send(name: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    use std::os::unix::net::UnixDatagram;

    let socket = UnixDatagram::unbound()?;
    // A name that begins with @ is one outside of the file system.
    #[cfg(target_os = "linux")]
    if let Some(abstract_name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        let address = SocketAddr::from_abstract_name(abstract_name)?;
        return socket.send_to_addr(state.as_bytes(), &address).map(|_| ());
    }
    socket.send_to(state.as_bytes(), name).map(|_| ())
}

#[cfg(not(unix))]
fn send(_: &std::ffi::OsStr, _: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 100];
        let count = socket.recv(&mut bytes).expect("something was sent");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn both_kinds_of_sockets_hear_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("it can be bound");
        send(path.as_os_str(), "READY=1").expect("it can be sent");
        assert_eq!(received(&socket), "READY=1");

        let name = format!("holdall-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("it can be bound");
        send(format!("@{name}").as_ref(), "STOPPING=1").expect("it can be sent");
        assert_eq!(received(&socket), "STOPPING=1");
        send(folder.path().join("nobody").as_os_str(), "READY=1").expect_err("nobody listens");
    }
}
