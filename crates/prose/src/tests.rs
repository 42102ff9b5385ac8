use proptest::prelude::*;

use super::{Heading, Links, MAX_BYTES, NavItem, excerpt, nav, render, steps};

mod hostile;

const PAGES: [&str; 4] = ["index.md", "guide/setup.md", "guide/index.md", "img/map.png"];

fn url_of(path: &str) -> Option<String> {
    PAGES.contains(&path).then(|| format!("/docs/shop/{}", path.trim_end_matches(".md")))
}

fn page(markdown: &str) -> super::Page {
    render(markdown, &Links::new("guide/setup.md", &url_of))
}

#[track_caller]
fn check(markdown: &str, html: &str) {
    let rendered = page(markdown).html;
    let folded: String = rendered.lines().map(str::trim).collect();
    assert_eq!(folded, html, "from {markdown:?}");
}

#[test]
fn github_flavoured_markdown_is_rendered() {
    check("a ~~b~~ **c** `d`", "<p>a <del>b</del> <strong>c</strong> <code>d</code></p>");
    check(
        "- [x] done\n- [ ] open",
        "<ul><li><input type=\"checkbox\" disabled=\"\" aria-label=\"done\" checked=\"\"> done</li>\
         <li><input type=\"checkbox\" disabled=\"\" aria-label=\"not done\"> open</li></ul>",
    );
    check(
        "|a|b|\n|-|-:|\n|1|2|",
        "<table tabindex=\"0\"><thead><tr><th scope=\"col\">a</th><th scope=\"col\" class=\"align-right\">b</th></tr></thead>\
         <tbody><tr><td>1</td><td class=\"align-right\">2</td></tr></tbody></table>",
    );
    check(
        "x[^n]\n\n[^n]: why",
        "<p>x<sup class=\"footnote-reference\"><a href=\"#doc-footnote-n\" rel=\"noopener nofollow\">1</a></sup></p>\
         <div class=\"footnote-definition\" id=\"doc-footnote-n\"><sup class=\"footnote-definition-label\">1</sup>\
         <p>why</p></div>",
    );
}

#[test]
fn fences_carry_their_language_and_diagrams_a_label() {
    check(
        "```rust title=\"x\"\nfn a() {}\n```",
        "<pre tabindex=\"0\"><code class=\"language-rust\">fn a() {}</code></pre>",
    );
    check(
        "```mermaid\ngraph LR\n```",
        "<figure class=\"diagram\"><figcaption>Diagram (mermaid)</figcaption>\
         <pre tabindex=\"0\"><code class=\"language-mermaid\">graph LR</code></pre></figure>",
    );
}

#[test]
fn admonitions_hold_markdown() {
    check(
        "!!! danger \"Don't\"\n    Never *this*.\n\n    - one\n\nafter",
        "<div class=\"admonition danger\"><p class=\"admonition-title\">Don't</p>\
         <p>Never <em>this</em>.</p><ul><li>one</li></ul></div><p>after</p>",
    );
    check("??? tip\n    hidden", "<details class=\"admonition tip\"><summary>Tip</summary><p>hidden</p></details>");
    check(
        "> [!WARNING]\n> Hot.",
        "<div class=\"admonition warning\"><p class=\"admonition-title\">Warning</p><p>Hot.</p></div>",
    );
    check("!!! made-up \"\"\n    x", "<div class=\"admonition note\"><p>x</p></div>");
}

#[test]
fn an_admonition_nests_in_another_and_in_a_list() {
    check(
        "!!! note\n    a\n\n    !!! tip\n        b\n\n    c",
        "<div class=\"admonition note\"><p class=\"admonition-title\">Note</p><p>a</p>\
         <div class=\"admonition tip\"><p class=\"admonition-title\">Tip</p><p>b</p></div><p>c</p></div>",
    );
    check(
        "1. step\n\n    !!! note\n        b\n\n2. next",
        "<ol><li><p>step</p><div class=\"admonition note\"><p class=\"admonition-title\">Note</p><p>b</p></div></li>\
         <li><p>next</p></li></ol>",
    );
}

#[test]
fn tabs_are_labelled_sections_one_after_the_other() {
    check(
        "=== \"Linux\"\n\n    ```sh\n    apt\n    ```\n\n=== \"Mac\"\n\n    brew",
        "<div class=\"tab\"><p class=\"tab-title\">Linux</p><pre tabindex=\"0\"><code class=\"language-sh\">apt</code></pre></div>\
         <div class=\"tab\"><p class=\"tab-title\">Mac</p><p>brew</p></div>",
    );
}

#[test]
fn markers_in_code_are_code() {
    check("```\n!!! note\n    x\n```", "<pre tabindex=\"0\"><code>!!! notex</code></pre>");
    check("    !!! note", "<pre tabindex=\"0\"><code>!!! note</code></pre>");
}

#[test]
fn headings_get_stable_unique_ids() {
    let page = page("# Set up\n## Set up\n## Wörter & `code`\n## Own {: #mine }\n## Set up");
    let ids: Vec<&str> = page.headings.iter().map(|heading| heading.id.as_str()).collect();
    assert_eq!(ids, ["doc-set-up", "doc-set-up-1", "doc-wörter--code", "doc-mine", "doc-set-up-2"]);
    assert_eq!(page.title.as_deref(), Some("Set up"));
    assert_eq!(page.headings[2], Heading { level: 2, id: "doc-wörter--code".into(), text: "Wörter & code".into() });
    for id in ids {
        assert!(page.html.contains(&format!("id=\"{id}\"")), "{id} in {}", page.html);
    }
}

#[test]
fn front_matter_is_skipped_and_gives_the_title() {
    let first = page("---\ntitle: The guide\ntags: [a]\n---\n# Other\n");
    assert_eq!((first.title.as_deref(), first.html.contains("tags")), (Some("The guide"), false));
    let broken = page("---\ntitle: [\n---\n# Other\n");
    assert_eq!(broken.title.as_deref(), Some("Other"));
    check("---\n\nno front matter", "<hr><p>no front matter</p>");
}

#[test]
fn relative_links_lead_to_where_the_pages_are_served() {
    let link = |url: &str| format!("<p><a href=\"{url}\" rel=\"noopener nofollow\">x</a></p>");
    check("[x](../index.md)", &link("/docs/shop/index"));
    check("[x](../index.md#top)", &link("/docs/shop/index#doc-top"));
    check("[x](.)", &link("/docs/shop/guide/index"));
    check("[x](/guide/setup.md)", &link("/docs/shop/guide/setup"));
    check("[x](#here)", &link("#doc-here"));
    check("[x](https://example.com/a)", &link("https://example.com/a"));
    check("[x](//example.com/a)", &link("https://example.com/a"));
    check("[x](../index.md){: target=_blank }", &link("/docs/shop/index"));
    check("<a href=\"../index.md\">x</a>", &link("/docs/shop/index"));
    check("![map](../img/map.png)", "<p><img src=\"/docs/shop/img/map.png\" alt=\"map\" loading=\"lazy\"></p>");
}

#[test]
fn broken_links_are_marked_and_reported() {
    let page = page("[a](gone.md) ![b](gone.png) [c](../../out.md) <a href=\"raw.md\">d</a>");
    assert_eq!(page.broken_links, ["../../out.md", "gone.md", "gone.png", "raw.md"]);
    assert!(
        page.html.contains("<span class=\"broken-link\" title=\"Leads nowhere: gone.md\">a</span>"),
        "{}",
        page.html
    );
}

#[test]
fn text_for_search_is_the_words_alone() {
    let page = page("# A & B\n\nOne *two*\nthree.\n\n!!! note \"Take care\"\n    Four < five\n\n- six\n- seven");
    assert_eq!(page.text, "A & B\nOne two three.\nTake care\nFour < five\nsix\nseven");
}

#[test]
fn a_document_that_is_too_long_is_cut_and_says_so() {
    let page = page(&"é".repeat(MAX_BYTES));
    assert!(page.cut && page.html.contains("isn't shown"));
}

#[test]
fn nesting_is_bounded() {
    for hostile in [">".repeat(20_000), "- ".repeat(10_000), "<div>".repeat(20_000), "<b id=x>\n\n".repeat(10_000)] {
        let html = page(&hostile).html;
        let depth = html.split("<blockquote>").count().max(html.split("<div>").count()).max(html.split("<ul>").count());
        assert!(depth < 100, "{depth}");
    }
}

#[test]
fn a_document_cannot_grow_far_beyond_its_text() {
    let long = "x".repeat(50_000);
    let hostile = [
        format!("<p><b title={long}>x{}", "<p>x".repeat(5_000)),
        format!("<p><b title={long} alt='<div>'>x{}", "<p>x".repeat(5_000)),
        format!("<b title={long}>\n\n{}", "x\n\n".repeat(5_000)),
        format!("<table><b title={long}>{}", "<tr><td>x".repeat(5_000)),
        format!("<p>{}x{}", (0..30).map(|at| format!("<i title={at}>")).collect::<String>(), "<p>x".repeat(5_000)),
    ];
    for markdown in hostile {
        let html = page(&markdown).html;
        assert!(html.len() < 10 * markdown.len(), "{} from {}", html.len(), markdown.len());
    }
}

#[test]
fn raw_html_around_markdown_works() {
    check(
        "<details>\n<summary>More</summary>\n\n- *a*\n\n</details>",
        "<details><summary>More</summary><ul><li><em>a</em></li></ul></details>",
    );
    check(
        "<table><tr><td>a<td><b>b</b></table>",
        "<table tabindex=\"0\"><tbody><tr><td>a</td><td><b>b</b></td></tr></tbody></table>",
    );
    check(
        "<p align=center><a href=#x><img src=../img/map.png></a></p>",
        "<p align=\"center\">\
         <a href=\"#doc-x\" rel=\"noopener nofollow\"><img src=\"/docs/shop/img/map.png\" loading=\"lazy\"></a></p>",
    );
    check("a <kbd>b</kbd> &copy; 1 < 2 <!-- c -->", "<p>a <kbd>b</kbd> © 1 &lt; 2 </p>");
}

#[test]
fn an_excerpt_surrounds_the_first_match_and_marks_every_one() {
    let text = format!("{}The Cart service keeps <carts> in Redis. {}", "filler ".repeat(20), "more ".repeat(40));
    assert_eq!(
        excerpt(&text, &["cart"], 60),
        "…filler filler filler filler filler The <mark>Cart</mark> service keeps &lt;c…"
    );
    assert_eq!(excerpt("ÄPFEL", &["äpfel"], 60), "<mark>ÄPFEL</mark>");
    assert_eq!(excerpt("<b>", &["zzz", ""], 60), "&lt;b&gt;");
}

fn outline(items: &[NavItem]) -> Vec<String> {
    items
        .iter()
        .flat_map(|item| match item {
            NavItem::Page { title, path } => vec![format!("{title} = {path}")],
            NavItem::Link { title, url } => vec![format!("{title} → {url}")],
            NavItem::Section { title, items } => {
                std::iter::once(format!("{title}:")).chain(outline(items).iter().map(|it| format!("  {it}"))).collect()
            }
        })
        .collect()
}

#[test]
fn the_tree_is_what_mkdocs_yml_says() {
    let yaml = "site_name: Cart\ndocs_dir: ./manual/\nplugins: [techdocs-core]\nmarkdown_extensions:\n  - pymdownx.emoji:\n      \
                emoji_index: !!python/name:material.extensions.emoji.twemoji\nnav:\n  - index.md\n  - Run it: run-book.md\n  \
                - Deep:\n      - A: a.md\n      - Gone: gone.md\n  - Site: https://example.com\n";
    let nav = nav(Some(yaml), &["manual/index.md", "manual/run-book.md", "manual/a.md"]);
    assert_eq!(nav.site_name.as_deref(), Some("Cart"));
    assert_eq!(
        outline(&nav.items),
        [
            "Home = manual/index.md",
            "Run it = manual/run-book.md",
            "Deep:",
            "  A = manual/a.md",
            "Site → https://example.com"
        ]
    );
    assert_eq!(nav.problems.len(), 1);
    assert_eq!(nav.problems[0].line, Some(12));
}

#[test]
fn without_mkdocs_yml_the_tree_follows_the_folders() {
    let pages = ["docs/zebra.md", "docs/index.md", "docs/how-to/roll_back.md", "README.md", "docs/x.png"];
    assert_eq!(
        outline(&nav(None, &pages).items),
        ["Home = docs/index.md", "Zebra = docs/zebra.md", "How to:", "  Roll back = docs/how-to/roll_back.md"]
    );
    assert_eq!(outline(&nav(None, &["Readme.md", "src/notes.md"]).items), ["Home = Readme.md"]);
}

#[test]
fn a_bad_mkdocs_yml_is_a_problem_with_its_line_and_the_folders_are_followed() {
    let nav = nav(Some("site_name: Cart\nnav: [\n"), &["docs/index.md"]);
    assert_eq!(outline(&nav.items), ["Home = docs/index.md"]);
    assert!(nav.problems[0].line.is_some(), "{:?}", nav.problems);
}

#[test]
fn a_hostile_mkdocs_yml_is_refused() {
    let laughs = (1..9).fold("a0: &a0 [x, x]\n".to_owned(), |yaml, level| {
        format!("{yaml}a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "))
    });
    for yaml in [
        format!("{laughs}nav: *a8\n"),
        format!("nav: {}", "[".repeat(100_000)),
        format!("nav:{}", " - a:".repeat(9_000)),
    ] {
        let nav = nav(Some(&yaml), &["docs/index.md"]);
        assert_eq!((nav.items.len(), nav.problems.len()), (1, 1), "{:?}", nav.problems);
    }
}

fn markdown_soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "!!! note\n",
        "    ",
        "=== \"a\"\n",
        "```",
        "<script>",
        "</p>",
        "<b ",
        "onclick=x>",
        "[a](",
        "javascript:",
        ")",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "|",
        "-|-\n",
        "#",
        "{#",
        "}",
        "[^1]",
        ": ",
        "<div style=x>",
        "<!--",
        "\"",
        "'",
        "&lt;",
        "text",
        "é",
        "\t",
        "---\n",
        "<svg><style>",
        "![",
        "](x.md)",
        "<a href=",
        ">",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn the_steps_of_a_runbook_are_the_items_of_its_lists_without_markup() {
    let found = steps(
        "---\ntitle: x\n---\n# Down\n\n1. Look at *the*\n   `queue`\n   ```\n   kubectl\n   ```\n   - [x] again\n\n## Then\n\n- [link](x.md)\n-\n\n| a |\n| - |\n| b |\n",
    );
    let found: Vec<_> = found.iter().map(|step| (step.words.as_str(), step.depth, step.under.as_deref())).collect();
    assert_eq!(found, [("Look at the queue", 0, Some("Down")), ("again", 1, Some("Down")), ("link", 0, Some("Then"))]);
    assert_eq!(steps(&"- x\n".repeat(1_000)).len(), 200);
}

proptest! {
    #[test]
    fn any_text_has_bounded_steps(markdown in prop_oneof![".*", markdown_soup()]) {
        let found = steps(&markdown);
        prop_assert!(found.len() <= 200 && found.iter().all(|step| !step.words.is_empty() && step.words.len() <= 300));
    }

    #[test]
    fn any_text_renders_to_harmless_html(markdown in prop_oneof![".*", markdown_soup()]) {
        hostile::assert_harmless(&markdown, &page(&markdown).html);
    }

    #[test]
    fn any_mkdocs_yml_gives_a_tree(yaml in ".*") {
        prop_assert_eq!(nav(Some(&yaml), &["docs/index.md"]).items.len(), 1);
    }

    #[test]
    fn an_excerpt_is_escaped(text in ".*", term in ".{0,3}", max_chars in 0_usize..200) {
        let html = excerpt(&text, &[&term], max_chars);
        prop_assert!(!html.replace("<mark>", "").replace("</mark>", "").contains('<'));
    }
}
