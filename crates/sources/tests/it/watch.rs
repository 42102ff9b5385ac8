use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use kernel::codes;
use sources::{Gathered, Limits, Pace, watch};
use tempfile::{TempDir, tempdir};
use tokio::sync::mpsc::Receiver;

use crate::put;

/// Far longer than any change takes to be seen; only a failing test waits that long.
const LONGEST: Duration = Duration::from_secs(20);

const NOTIFIED: Pace =
    Pace { debounce: Duration::from_millis(20), poll: Duration::from_millis(50), always_poll: false };
const POLLED: Pace = Pace { always_poll: true, ..NOTIFIED };

struct Watched {
    dir: TempDir,
    receiver: Receiver<Gathered>,
}

impl Watched {
    fn new(pace: Pace) -> Self {
        let dir = tempdir().unwrap();
        put(dir.path(), "catalog/a.yaml", "1");
        let receiver = watch(&[dir.path().join("catalog")], Limits::default(), pace).unwrap();
        Self { dir, receiver }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("catalog")
    }

    /// Waits until the folder is seen as it should be; what comes before are moments in between.
    async fn sees(&mut self, expected: &[(&str, &str)]) {
        let expected: BTreeMap<String, String> =
            expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        self.receives(|gathered| {
            let bundle = gathered.bundle.as_ref().ok();
            let files = bundle.map(|bundle| {
                let files = bundle.files.iter().map(|file| (file.path.clone(), file.text().unwrap().to_owned()));
                files.collect::<BTreeMap<_, _>>()
            });
            files.as_ref() == Some(&expected)
        })
        .await;
    }

    async fn receives(&mut self, wanted: impl Fn(&Gathered) -> bool) {
        let found = async {
            let mut last = None;
            while !last.as_ref().is_some_and(&wanted) {
                last = Some(self.receiver.recv().await.unwrap());
            }
        };
        tokio::time::timeout(LONGEST, found).await.unwrap();
    }
}

async fn everything_that_happens_to_files_is_seen(pace: Pace) {
    let mut watched = Watched::new(pace);
    let root = watched.root();
    watched.sees(&[("a.yaml", "1")]).await;
    put(&root, "b.yaml", "1");
    watched.sees(&[("a.yaml", "1"), ("b.yaml", "1")]).await;
    put(&root, "a.yaml", "22");
    watched.sees(&[("a.yaml", "22"), ("b.yaml", "1")]).await;
    // As editors save.
    put(&root, ".a.yaml.tmp", "333");
    fs::rename(root.join(".a.yaml.tmp"), root.join("a.yaml")).unwrap();
    watched.sees(&[("a.yaml", "333"), ("b.yaml", "1")]).await;
    fs::rename(root.join("b.yaml"), root.join("c.yaml")).unwrap();
    watched.sees(&[("a.yaml", "333"), ("c.yaml", "1")]).await;
    fs::remove_file(root.join("c.yaml")).unwrap();
    watched.sees(&[("a.yaml", "333")]).await;
}

#[tokio::test]
async fn everything_that_happens_to_files_is_seen_by_notifications() {
    everything_that_happens_to_files_is_seen(Pace { poll: LONGEST, ..NOTIFIED }).await;
}

#[tokio::test]
async fn everything_that_happens_to_files_is_seen_by_polling() {
    everything_that_happens_to_files_is_seen(POLLED).await;
}

#[tokio::test]
async fn folders_that_come_go_and_come_again_are_watched() {
    let mut watched = Watched::new(Pace { poll: LONGEST, ..NOTIFIED });
    let root = watched.root();
    watched.sees(&[("a.yaml", "1")]).await;
    for text in ["1", "2", "3"] {
        put(&root, "x/y/deep.yaml", text);
        watched.sees(&[("a.yaml", "1"), ("x/y/deep.yaml", text)]).await;
        put(&root, "x/y/deep.yaml", "changed");
        watched.sees(&[("a.yaml", "1"), ("x/y/deep.yaml", "changed")]).await;
        fs::rename(root.join("x"), root.join("z")).unwrap();
        watched.sees(&[("a.yaml", "1"), ("z/y/deep.yaml", "changed")]).await;
        put(&root, "z/y/deep.yaml", "again");
        watched.sees(&[("a.yaml", "1"), ("z/y/deep.yaml", "again")]).await;
        fs::remove_dir_all(root.join("z")).unwrap();
        watched.sees(&[("a.yaml", "1")]).await;
    }
    // Removed and made again within one quiet period.
    put(&root, "x/y/deep.yaml", "1");
    watched.sees(&[("a.yaml", "1"), ("x/y/deep.yaml", "1")]).await;
    fs::remove_dir_all(root.join("x")).unwrap();
    put(&root, "x/y/deep.yaml", "2");
    watched.sees(&[("a.yaml", "1"), ("x/y/deep.yaml", "2")]).await;
    put(&root, "x/y/deep.yaml", "3");
    watched.sees(&[("a.yaml", "1"), ("x/y/deep.yaml", "3")]).await;
}

#[tokio::test]
async fn the_root_may_go_and_come_back() {
    let mut watched = Watched::new(NOTIFIED);
    let root = watched.root();
    watched.sees(&[("a.yaml", "1")]).await;
    fs::remove_dir_all(&root).unwrap();
    watched
        .receives(|gathered| gathered.bundle.as_ref().is_err_and(|refusal| refusal.code == &codes::CONFIG_INVALID))
        .await;
    put(&root, "b.yaml", "1");
    watched.sees(&[("b.yaml", "1")]).await;
    put(&root, "b.yaml", "2");
    watched.sees(&[("b.yaml", "2")]).await;
}

#[tokio::test]
async fn a_folder_that_is_switched_by_a_link_is_seen() {
    // As a Kubernetes volume is updated.
    let mut watched = Watched::new(Pace { poll: LONGEST, ..NOTIFIED });
    let root = watched.root();
    put(&root, "..1/b.yaml", "1");
    put(&root, "..2/b.yaml", "2");
    symlink("..1", root.join("..data")).unwrap();
    symlink("..data/b.yaml", root.join("b.yaml")).unwrap();
    watched.sees(&[("a.yaml", "1"), ("b.yaml", "1")]).await;
    symlink("..2", root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    watched.sees(&[("a.yaml", "1"), ("b.yaml", "2")]).await;
    // The folder itself is hidden, but a link leads to its file.
    put(&root, "..2/b.yaml", "3");
    watched.sees(&[("a.yaml", "1"), ("b.yaml", "3")]).await;
}

#[tokio::test]
async fn many_files_at_once_come_together() {
    let mut watched = Watched::new(Pace { poll: LONGEST, ..NOTIFIED });
    watched.sees(&[("a.yaml", "1")]).await;
    let names: Vec<String> = (0..500).map(|number| format!("d{}/f{number}.yaml", number % 7)).collect();
    names.iter().for_each(|name| put(&watched.root(), name, "x"));
    let mut expected: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    expected.push(("a.yaml", "1"));
    watched.sees(&expected).await;
}

#[tokio::test]
async fn each_folder_comes_at_least_once_by_its_own_name() {
    let dir = tempdir().unwrap();
    put(dir.path(), "one/a.yaml", "1");
    put(dir.path(), "two/b.yaml", "2");
    let dirs = ["one", "two", "missing"].map(|name| dir.path().join(name));
    let mut receiver = watch(&dirs, Limits::default(), NOTIFIED).unwrap();
    let mut seen = BTreeMap::new();
    while seen.len() < 3 {
        let gathered = tokio::time::timeout(LONGEST, receiver.recv()).await.unwrap().unwrap();
        let name = Path::new(&gathered.source).file_name().unwrap().to_owned();
        seen.insert(name, gathered.bundle.map(|bundle| bundle.files.len()).map_err(|refusal| refusal.code.name));
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [Err("config-invalid"), Ok(1), Ok(1)]);
}
