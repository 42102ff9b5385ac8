use timeline::{Query, SqliteStore, Store};

use crate::support::entry;

#[test]
fn what_is_appended_can_be_read_found_and_verified() {
    let store = SqliteStore::temporary().unwrap();
    let head = store.append(0, (1..=100).map(entry).collect()).unwrap();
    assert_eq!(head.position, 100);
    let entries = store.read(0, 1000).unwrap();
    assert_eq!(entries.len(), 100);
    assert_eq!(entries.last().unwrap().head(), head);
    let page = store.find(&Query { subjects: vec!["flag:f3".parse().unwrap()], limit: 4, ..Query::default() }).unwrap();
    let positions: Vec<u64> = page.entries.iter().map(|entry| entry.stamp.position).collect();
    assert_eq!(positions, [93, 83, 73, 63]);
    assert_eq!(page.next, Some(63));
    assert_eq!(store.verify(&mut |_| {}).unwrap().head, head);
}
