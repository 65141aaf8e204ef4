// scripts/dist without the build: what it puts beside a file, and which files it refuses.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const repository = path.resolve(import.meta.dirname, "..");
const holdall = process.env.HOLDALL_BIN;
const folder = mkdtempSync(path.join(tmpdir(), "holdall-dist-"));
after(() => rmSync(folder, { recursive: true }));

const version = /^version = "(.*)"$/m.exec(readFileSync(path.join(repository, "Cargo.toml"), "utf8"))[1];
const target = /^host: (.*)$/m.exec(execFileSync("rustc", ["-vV"], { encoding: "utf8" }))[1];
const platform = `linux-${target.split("-")[0]}`;

/** A small program that says `words`, in the place of the real one. */
function program(name, words) {
  const source = path.join(folder, `${name}.rs`);
  writeFileSync(source, `fn main() { println!("{}", std::hint::black_box(${JSON.stringify(words)})); }\n`);
  const file = path.join(folder, name);
  execFileSync("rustc", ["--target", target, "-O", "-o", file, source]);
  return file;
}

function dist(...args) {
  return spawnSync(path.join(repository, "scripts/dist"), ["--target", target, ...args], {
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: "1700000000" },
  });
}

/** The program of this name that is really there. */
const real = (name) => execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();

const good = program("good", `holdall ${version}`);
const read = (out, name) => readFileSync(path.join(out, name));

test("beside the file lie checksums, licences and what is in it, the same every time", () => {
  const outs = ["one", "two"].map((name) => path.join(folder, name));
  for (const out of outs) {
    const ended = dist("--bin", good, "--out", out);
    assert.equal(ended.status, 0, ended.stderr);
  }
  const [out] = outs;
  const file = `holdall-${version}-${platform}`;
  const bill = `holdall-${version}.cdx.json`;
  const licences = `holdall-${version}-licences.txt`;
  assert.deepEqual(readdirSync(out).sort(), ["SHA256SUMS", bill, file, licences, "release.json"].sort());
  for (const name of readdirSync(out)) assert.deepEqual(read(outs[0], name), read(outs[1], name), name);

  execFileSync("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: out });
  assert.equal(read(out, "SHA256SUMS").toString().trim().split("\n").length, 4);
  const release = JSON.parse(read(out, "release.json"));
  const sha256 = createHash("sha256").update(read(out, file)).digest("hex");
  assert.deepEqual(release, {
    format: "holdall-release",
    version,
    date: "2023-11-14",
    notes: "",
    files: { [platform]: { name: file, url: "", sha256 } },
  });
  assert.doesNotMatch(execFileSync("readelf", ["-S", path.join(out, file)], { encoding: "utf8" }), /\.symtab/);
});

test("the bill lists what is linked in, and nothing else", () => {
  const out = path.join(folder, "bill");
  assert.equal(dist("--bin", good, "--out", out).status, 0);
  const bill = JSON.parse(read(out, `holdall-${version}.cdx.json`));
  assert.deepEqual([bill.bomFormat, bill.metadata.component.version], ["CycloneDX", version]);
  const names = new Set(bill.components.map((component) => component.name));
  for (const name of ["rocket", "rusqlite", "ring", "sqlite", "mimalloc", "libwebp", "htmx.org"]) assert.ok(names.has(name), name);
  // A macro, a build script's, a test's, and our own.
  for (const name of ["serde_derive", "cc", "proptest", "holdall", "esbuild"]) assert.ok(!names.has(name), name);
  for (const component of bill.components) {
    assert.ok(component.licenses?.length > 0, `${component.name} has a licence`);
    assert.match(component.version, /^\d/, component.name);
    if (component.purl.startsWith("pkg:cargo/")) assert.match(component.hashes[0].content, /^[0-9a-f]{64}$/);
  }
  const licences = read(out, `holdall-${version}-licences.txt`).toString();
  for (const text of ["Microsoft Corporation", "Google Inc", "Apache License", "BoringSSL", "webauthn-rs 0", "htmx.org 2"]) {
    assert.ok(licences.includes(text), text);
  }
  assert.ok(!licences.includes(process.env.HOME + "/"));
});

test("a file that tells of a machine, or is another version, is refused", () => {
  const leaking = program("leaking", `${process.env.HOME}/.cargo/registry/src/lib.rs`);
  const old = program("old", "holdall 0.0.1");
  for (const [file, complaint] of [
    [leaking, "has a folder of this machine in it"],
    [old, "says it is 'holdall 0.0.1'"],
    [path.join(folder, "nothing"), "there is no file"],
  ]) {
    const out = path.join(folder, "refused");
    const ended = dist("--bin", file, "--out", out);
    assert.equal(ended.status, 1, ended.stderr);
    assert.ok(ended.stderr.includes(complaint), ended.stderr);
    assert.deepEqual(spawnSync("ls", ["-A", out], { encoding: "utf8" }).stdout, "", "nothing is left of it");
  }
  const unknown = spawnSync(path.join(repository, "scripts/dist"), ["--target", "riscv64gc-unknown-linux-gnu"]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr.toString(), /isn't installed/);
});

test("for another processor zig compiles and links, unless a linker is named", () => {
  const [other, name] = target.startsWith("aarch64")
    ? ["x86_64-unknown-linux-gnu", "linux-x86_64"]
    : ["aarch64-unknown-linux-gnu", "linux-aarch64"];
  const standIns = path.join(folder, "stand-ins");
  const [library, built] = [path.join(standIns, "library"), path.join(standIns, "target", other, "dist")];
  for (const made of [library, built]) mkdirSync(made, { recursive: true });
  writeFileSync(path.join(library, "libstd-0.rlib"), "");
  const script = (file, text) => writeFileSync(path.join(standIns, file), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  // A compiler that says that it has the other target, and two that build the small program.
  script("rustc", `case "$*" in *target-libdir*) echo "${library}" ;; *) exec ${real("rustc")} "$@" ;; esac`);
  const build = (who) => `echo "${who} $*" >"${standIns}/called"; cp "${good}" "${built}/holdall"`;
  script("cargo-zigbuild", build("zig"));
  script("cargo", `case "$1" in build) ${build("cargo")} ;; *) exec ${real("cargo")} "$@" ;; esac`);
  const linker = `CARGO_TARGET_${other.replaceAll("-", "_").toUpperCase()}_LINKER`;
  for (const [expect, more] of [
    ["zig", {}],
    ["cargo", { [linker]: "cc" }],
  ]) {
    const out = path.join(folder, `by-${expect}`);
    const ended = spawnSync(path.join(repository, "scripts/dist"), ["--target", other, "--out", out], {
      encoding: "utf8",
      env: {
        ...process.env,
        ...more,
        PATH: `${standIns}:${process.env.PATH}`,
        RUSTC: path.join(standIns, "rustc"),
        CARGO: path.join(standIns, "cargo"),
        CARGO_TARGET_DIR: path.join(standIns, "target"),
      },
    });
    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(read(standIns, "called").toString().trim(), `${expect} build --locked --profile dist --target ${other}`);
    assert.ok(readdirSync(out).includes(`holdall-${version}-${name}`));
  }
});

test("the program believes a manifest that was signed, and no other", () => {
  const out = path.join(folder, "signed");
  const key = path.join(folder, "key.pem");
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key]);
  const ended = dist("--bin", good, "--out", out, "--sign", key);
  assert.equal(ended.status, 0, ended.stderr);
  const der = execFileSync("openssl", ["pkey", "-in", key, "-pubout", "-outform", "DER"]);
  const manifest = path.join(out, "release.json");
  const check = () =>
    spawnSync(holdall, ["update", "check"], {
      encoding: "utf8",
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOLDALL_UPDATE_MANIFEST: manifest,
        HOLDALL_UPDATE_KEY: der.subarray(-32).toString("base64"),
      },
    });
  const checked = check();
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /is up to date/);
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(version, "99.0.0"));
  assert.match(check().stderr, /aren't signed/);
});
