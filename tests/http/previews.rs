//! Previews of pictures: who gets which, under which headers, when they go, and what bombs do.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use rocket::http::Method;
use serde_json::{Value as Json, json};

use crate::files::{Part, check, file, send, stored};
use crate::harness::{Answer, Principal, TestApp, collection, open_collection, record, records, text};

/// A picture's file.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = DynamicImage::from(RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30])));
    picture.write_to(&mut Cursor::new(&mut bytes), format).expect("a sound picture");
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Png)
}

/// The first bytes of a PNG that claims to have these sides.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(8, 8);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32fast::hash(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

/// The fixture with a collection `docs` of pictures.
fn with_pictures() -> TestApp {
    let app = TestApp::new();
    let sizes = ["70x50", "70x50t", "70x50b", "70x50f", "0x50", "70x0", "20000x20000"];
    let fields = json!([
        {"name": "one", "type": "file", "thumbs": sizes},
        {"name": "locked", "type": "file", "protected": true, "thumbs": ["70x50"]},
    ]);
    app.as_superuser().post("/api/collections", open_collection("docs", fields)).expect(200);
    app
}

fn create(who: &Principal<'_>, part: Part<'_>) -> (Json, String) {
    let made = send(who, Method::Post, &records("docs"), &[part]).expect(200);
    let path = file(&made["id"], &made[part.0]);
    (made, path)
}

/// The sides of an answer that must be a picture.
#[track_caller]
fn sides(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.status, 200);
    let picture = image::load_from_memory(&answer.body).expect("a picture");
    (picture.width(), picture.height())
}

#[test]
fn every_declared_size_is_served_and_no_other() {
    let app = with_pictures();
    let guest = app.guest();
    let (_, path) = create(&guest, ("one", Some("a.png"), &png(200, 100)));
    for (size, expect) in [
        ("70x50", (70, 50)),
        ("70x50t", (70, 50)),
        ("70x50b", (70, 50)),
        ("70x50f", (70, 35)),
        ("0x50", (100, 50)),
        ("70x0", (70, 35)),
        ("100x100", (100, 100)),
        ("", (200, 100)),
        ("999x999", (200, 100)),
        ("70x50x", (200, 100)),
        ("../../x", (200, 100)),
        ("20000x20000", (200, 100)),
    ] {
        assert_eq!(sides(&guest.get(&format!("{path}?thumb={size}"))), expect, "{size}");
        let head = guest.call(Method::Head, &format!("{path}?thumb={size}")).send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{size}");
    }
    // The original and the seven that could be made.
    assert_eq!(stored(&app).len(), 8);
}

#[test]
fn previews_come_in_the_format_that_follows_or_as_webp() {
    let app = with_pictures();
    let guest = app.guest();
    for (name, format, content_type) in [
        ("a.png", ImageFormat::Png, "image/png"),
        ("a.jpg", ImageFormat::Jpeg, "image/jpeg"),
        ("a.gif", ImageFormat::Gif, "image/gif"),
        ("a.webp", ImageFormat::WebP, "image/png"),
        // The content decides, whatever the name says.
        ("a.txt", ImageFormat::Png, "image/png"),
        ("a.svg", ImageFormat::Png, "image/png"),
    ] {
        let (_, path) = create(&guest, ("one", Some(name), &picture(200, 100, format)));
        let kept = path.rsplit('/').next().expect("a name").to_owned();
        let plain = guest.get(&format!("{path}?thumb=70x50"));
        let webp = guest.get(&format!("{path}?thumb=70x50&format=webp"));
        for (answer, content_type, ending) in [(&plain, content_type, ""), (&webp, "image/webp", ".webp")] {
            assert_eq!(sides(answer), (70, 50), "{name}");
            assert_eq!(answer.header("Content-Type"), Some(content_type), "{name}");
            let expect = format!("inline; filename=\"70x50_{kept}{ending}\"");
            assert_eq!(answer.header("Content-Disposition"), Some(expect.as_str()));
            assert!(answer.header("Content-Security-Policy").is_some_and(|policy| policy.ends_with("; sandbox")));
            assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
            assert!(answer.header("Cache-Control").is_some_and(|cached| cached.starts_with("max-age=")));
        }
        assert_ne!(plain.header("ETag"), webp.header("ETag"));
        assert_ne!(plain.header("ETag"), guest.get(&path).header("ETag"));
        let etag = webp.header("ETag").expect("it is there");
        let again = guest.call(Method::Get, &format!("{path}?thumb=70x50&format=webp")).header("If-None-Match", etag);
        assert_eq!(again.send().status, 304);
        let part = guest.call(Method::Get, &format!("{path}?thumb=70x50&format=webp")).header("Range", "bytes=0-3");
        assert_eq!(part.send().text(), "RIFF");
        let download = guest.get(&format!("{path}?thumb=70x50&download=1"));
        assert!(download.header("Content-Disposition").is_some_and(|shown| shown.starts_with("attachment; ")));
    }
}

#[test]
fn previews_go_with_their_original() {
    let app = with_pictures();
    let guest = app.guest();
    let (made, path) = create(&guest, ("one", Some("a.png"), &png(200, 100)));
    let id = text(&made["id"]);
    for size in ["70x50", "0x50", "100x100"] {
        guest.get(&format!("{path}?thumb={size}&format=webp"));
    }
    assert_eq!(stored(&app).len(), 4);
    send(&guest, Method::Patch, &record("docs", &id), &[("one", Some("b.txt"), b"text")]).expect(200);
    check(&app, 1);
    assert_eq!(guest.get(&format!("{path}?thumb=70x50")).status, 404);
    send(&guest, Method::Patch, &record("docs", &id), &[("one", Some("c.png"), &png(50, 50))]).expect(200);
    let name = text(&guest.view("docs", &id)["one"]);
    assert_eq!(sides(&guest.get(&format!("/api/files/docs/{id}/{name}?thumb=70x50f"))), (50, 50));
    guest.delete(&record("docs", &id)).expect(204);
    check(&app, 0);
}

#[test]
fn previews_of_protected_files_need_the_token_too() {
    let app = with_pictures();
    let root = app.as_superuser();
    root.patch(&collection("docs"), json!({"viewRule": null})).expect(200);
    let (_, path) = create(&root, ("locked", Some("a.png"), &png(200, 100)));
    let token = text(&root.post("/api/files/token", json!({})).expect(200)["token"]);
    // Also when it is there already.
    for _ in 0..2 {
        assert_eq!(app.guest().get(&format!("{path}?thumb=70x50")).status, 404);
        assert_eq!(root.get(&format!("{path}?thumb=70x50")).status, 404);
        let seen = app.guest().get(&format!("{path}?thumb=70x50&token={token}"));
        assert_eq!(sides(&seen), (70, 50));
        assert!(seen.header("Cache-Control").is_some_and(|cached| cached.starts_with("private, ")));
    }
    // A size of the other field isn't one of this.
    assert_eq!(sides(&app.guest().get(&format!("{path}?thumb=0x50&token={token}"))), (200, 100));
}

#[test]
fn bombs_are_served_as_they_are_and_harm_nobody() {
    let app = with_pictures();
    let guest = app.guest();
    let whole = png(300, 300);
    let gif = {
        let mut bytes = picture(8, 8, ImageFormat::Gif);
        bytes[6..10].copy_from_slice(&[0xff; 4]);
        bytes
    };
    for (name, bytes) in [
        ("65k.png", bomb(65_000, 65_000)),
        ("2g.png", bomb(0x7fff_ffff, 0x7fff_ffff)),
        ("empty.png", bomb(7_000, 7_000)),
        ("none.png", bomb(0, 0)),
        ("cut.png", whole[..whole.len() / 2].to_vec()),
        ("head.png", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("head.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec()),
        ("head.gif", b"GIF89a\x01\0\x01\0".to_vec()),
        ("head.webp", b"RIFF\x24\0\0\0WEBPVP8 ".to_vec()),
        ("65k.gif", gif),
        ("text.png", b"no picture".to_vec()),
    ] {
        let (_, path) = create(&guest, ("one", Some(name), &bytes));
        for query in ["thumb=70x50", "thumb=100x100", "thumb=70x50&format=webp"] {
            let answer = guest.get(&format!("{path}?{query}"));
            assert_eq!((answer.status, &answer.body), (200, &bytes), "{name} {query}");
        }
    }
    check(&app, 11);
}

/// One at a time is made, and everybody gets it; what else is asked meanwhile is answered.
#[test]
fn many_wishes_at_once_are_all_answered() {
    let app = TestApp::configured(|config| config.thumb_workers = 1, Vec::new());
    let sizes: Vec<String> = (1..=40).map(|side| format!("{side}x{side}")).collect();
    let fields = json!([{"name": "one", "type": "file", "thumbs": sizes}]);
    app.as_superuser().post("/api/collections", open_collection("docs", fields)).expect(200);
    let guest = app.guest();
    let (_, path) = create(&guest, ("one", Some("a.png"), &png(400, 400)));
    let wishes = (0..400).map(|at| {
        let path = if at % 10 == 0 { "/api/health".to_owned() } else { format!("{path}?thumb={0}x{0}", at % 40 + 1) };
        guest.call(Method::Get, &path)
    });
    for (at, answer) in app.at_once(wishes).iter().enumerate() {
        assert_eq!(answer.status, 200);
        if at % 10 != 0 {
            assert_eq!(sides(answer), (at as u32 % 40 + 1, at as u32 % 40 + 1));
        }
    }
    // Every size was asked for but those that the health checks took the place of.
    assert_eq!(stored(&app).len(), 1 + 36);
}
