//! A catalog folder is larger than other requests.

use crate::server::Server;

const ENTITY: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\nspec: {type: service, lifecycle: production, owner: web}\n";

#[tokio::test]
async fn a_folder_of_several_megabytes_can_be_applied() {
    let server = Server::start();
    let page = "All about the shop. ".repeat(200_000);
    assert!(page.len() > 3 << 20);
    let pages =
        [("docs/index.md", &page[..900_000]), ("docs/more.md", &page[..900_000]), ("docs/rest.md", &page[..900_000])];
    let files: Vec<_> = [("catalog-info.yaml", ENTITY)].into_iter().chain(pages).collect();
    server.apply("large", &files).await;
    server.get("/api/v1/entities/component/default/shop").await;
}
