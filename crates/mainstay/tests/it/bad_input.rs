//! What is wrong with what people give: each thing gets one clear message of the right class.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    net::TcpListener,
    path::Path,
    process::Command,
};

use crate::harness::{Ran, Server, TOKEN, home, mainstay};

/// A catalog with one good component, and this file beside it.
fn with_good(dir: &Path, name: &str, content: &[u8]) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("good.yaml"), component("good")).unwrap();
    fs::write(dir.join(name), content).unwrap();
}

fn component(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: service\n  \
         lifecycle: production\n  owner: nobody\n"
    )
}

/// A folder with a bad file is refused with these words; with `--partial` the good one is there.
#[track_caller]
fn check(name: &str, content: &[u8], words: &[&str]) {
    let home = home();
    with_good(&home.path().join("catalog"), name, content);
    refused_but_good_loads(home.path(), words);
}

#[track_caller]
fn refused_but_good_loads(home: &Path, words: &[&str]) {
    let server = Server::start(home, &[]);
    server.verb(&["plan", "catalog"]).exits(65).says(words);
    server.verb(&["apply", "catalog"]).exits(65).complains(&["error[catalog-invalid]", "--partial"]).complains(words);
    server.verb(&["get", "good"]).exits(65).complains(&["error[not-found]"]);
    server.verb(&["apply", "catalog", "--partial"]).exits(0).complains(words);
    server.verb(&["get", "good"]).exits(0);
}

#[test]
fn every_error_of_a_broken_catalog_is_shown_with_its_place() {
    let bad =
        component("bad").replace("name: bad", "name: \"not a name\"").replace("kind: Component", "kind: Compnent");
    let worse = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: [\n";
    check("catalog-info.yaml", bad.as_bytes(), &["catalog-info.yaml:", "Compnent"]);
    check("catalog-info.yaml", worse.as_bytes(), &["catalog-info.yaml:"]);
}

#[test]
fn a_file_of_100_megabytes_is_left_out_with_a_message() {
    let home = home();
    with_good(&home.path().join("catalog"), "catalog-info.yaml", b"");
    let mut file = fs::File::create(home.path().join("catalog/catalog-info.yaml")).unwrap();
    file.write_all(component("huge").as_bytes()).unwrap();
    file.seek(SeekFrom::Start(100 << 20)).unwrap();
    file.write_all(b"# the end\n").unwrap();
    refused_but_good_loads(home.path(), &["catalog-info.yaml", "MiB"]);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10_000 {
        let before = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}]\n"));
    }
    let bomb = format!("{}{}", component("bomb"), bomb);
    check("catalog-info.yaml", bomb.as_bytes(), &["catalog-info.yaml"]);
}

#[test]
fn text_that_is_no_utf_8_is_refused() {
    check("catalog-info.yaml", b"apiVersion: backstage.io/v1alpha1\nkind: \xff\xfe\n", &["catalog-info.yaml", "UTF-8"]);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let home = home();
    let catalog = home.path().join("catalog");
    with_good(&catalog, "other.txt", b"");
    fs::create_dir(catalog.join("inner")).unwrap();
    std::os::unix::fs::symlink("..", catalog.join("inner/circle")).unwrap();
    std::os::unix::fs::symlink("itself", catalog.join("itself")).unwrap();
    let server = Server::start(home.path(), &[]);
    let planned = server.verb(&["plan", "catalog"]);
    assert!([0, 65].contains(&planned.code), "{}", planned.err);
    planned.says(&["circle"]);
    server.verb(&["apply", "catalog", "--partial"]).exits(0);
    server.verb(&["get", "good"]).exits(0);
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    server.verb(&["plan", "no-such-folder"]).exits(65).complains(&["no-such-folder"]);
}

/// `mainstay serve` does not start.
#[track_caller]
fn does_not_start(home: &Path, listen: &str, token: &str, words: &[&str]) {
    let mut command = mainstay(home);
    command.args(["serve", "--listen", listen, "--data", "data"]).env("MAINSTAY_ADMIN_TOKEN", token);
    Ran::run(&mut command).exits(78).complains(words);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_harms_nothing() {
    let home = home();
    let server = Server::start(home.path(), &[]);
    does_not_start(home.path(), "127.0.0.1:0", TOKEN, &["error[data-locked]", "process "]);
    server.verb(&["flag", "create", "still-works", "--on", "production"]).exits(0);
}

#[test]
fn a_port_in_use_is_refused() {
    let home = home();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    does_not_start(home.path(), &address, TOKEN, &["error[port-in-use]", &address, "--listen"]);
    does_not_start(home.path(), "no-address", TOKEN, &["error[config-invalid]: --listen"]);
}

#[test]
fn a_short_administrators_token_is_refused() {
    does_not_start(home().path(), "127.0.0.1:0", "short", &["error[config-invalid]: MAINSTAY_ADMIN_TOKEN", "32"]);
}

#[test]
fn settings_that_can_not_be_read_are_refused() {
    let home = home();
    fs::write(home.path().join("mainstay.toml"), "lisen = \"127.0.0.1:0\"\n").unwrap();
    does_not_start(home.path(), "127.0.0.1:0", TOKEN, &["error[config-invalid]: mainstay.toml", "lisen"]);
}

/// The database file of the folder, after a server made it.
fn database(home: &Path) -> std::path::PathBuf {
    Server::start(home, &[]).stop();
    let files = fs::read_dir(home.join("data")).unwrap().map(|file| file.unwrap().path());
    files.into_iter().find(|file| fs::read(file).unwrap().starts_with(b"SQLite format 3\0")).unwrap()
}

#[test]
fn a_corrupted_database_is_refused() {
    let home = home();
    let database = database(home.path());
    let mut file = fs::File::options().write(true).open(database).unwrap();
    file.write_all(b"This was a database once, but no longer.").unwrap();
    does_not_start(home.path(), "127.0.0.1:0", TOKEN, &["error[data-corrupt]"]);
}

#[test]
fn an_emptied_database_is_not_replaced_by_a_new_one() {
    let home = home();
    fs::write(database(home.path()), b"").unwrap();
    does_not_start(home.path(), "127.0.0.1:0", TOKEN, &["error[data-corrupt]"]);
}

#[test]
fn data_of_a_newer_version_is_refused() {
    let home = home();
    let mut file = fs::File::options().write(true).open(database(home.path())).unwrap();
    // SQLite's `user_version`, big-endian, at offset 60 of the file (https://sqlite.org/fileformat2.html#the_database_header).
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&9_999_u32.to_be_bytes()).unwrap();
    drop(file);
    does_not_start(home.path(), "127.0.0.1:0", TOKEN, &["error[data-too-new]", "9999"]);
}

#[cfg(unix)]
#[test]
fn a_data_folder_that_can_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    let root_can_write = fs::write(data.join("probe"), b"").is_ok();
    let immutable =
        |flag: &str| Command::new("chattr").arg(flag).arg(&data).output().is_ok_and(|done| done.status.success());
    if root_can_write {
        fs::remove_file(data.join("probe")).unwrap();
        if !immutable("+i") {
            eprintln!("SKIPPED: root can write everywhere, and this file system has no immutable folders");
            return;
        }
    }
    let mut command = mainstay(home.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    let ran = Ran::run(&mut command);
    if root_can_write {
        assert!(immutable("-i"));
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    ran.exits(78).complains(&["error[data-read-only]"]);
}
