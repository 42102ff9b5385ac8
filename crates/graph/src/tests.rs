use proptest::prelude::*;

use super::*;

fn node(id: &str) -> Node {
    Node { id: id.to_owned(), label: id.to_owned(), sub: "up".to_owned(), class: "state-up".to_owned() }
}

/// A graph of edges written `a>b`, separated by spaces; a name without `>` is a node without edges.
fn graph(text: &str) -> Graph {
    let mut graph = Graph::default();
    for word in text.split_whitespace() {
        for id in word.split('>') {
            if !graph.nodes.iter().any(|node| node.id == id) {
                graph.nodes.push(node(id));
            }
        }
        if let Some((from, to)) = word.split_once('>') {
            let (from, to) = (from.to_owned(), to.to_owned());
            graph.edges.push(Edge { from, to, label: "calls".to_owned(), class: String::new() });
        }
    }
    graph
}

fn drawn(text: &str) -> Drawing {
    layout(&graph(text), &Options::default()).unwrap()
}

fn placed<'a>(drawing: &'a Drawing, id: &str) -> &'a Placed {
    drawing.nodes.iter().find(|node| node.id == id).unwrap()
}

fn numbered(nodes: usize, edges: &[(usize, usize)]) -> Graph {
    let name = |at: usize| format!("node-{at}{}", "-and-more".repeat(at % 4));
    let edge = |(from, to): &(usize, usize)| Edge { from: name(*from), to: name(*to), ..Edge::default() };
    Graph { nodes: (0..nodes).map(|at| node(&name(at))).collect(), edges: edges.iter().map(edge).collect() }
}

fn on_border(point: Point, node: &Placed) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 0.01;
    let within = |value: f64, from: f64, size: f64| value >= from - 0.01 && value <= from + size + 0.01;
    let on_side = (near(point.x, node.x) || near(point.x, node.x + node.w)) && within(point.y, node.y, node.h);
    let on_top = (near(point.y, node.y) || near(point.y, node.y + node.h)) && within(point.x, node.x, node.w);
    on_side || on_top
}

/// What holds for every drawing.
fn check_sound(graph: &Graph, drawing: &Drawing) {
    for (at, a) in drawing.nodes.iter().enumerate() {
        assert!(a.x >= 0.0 && a.y >= 0.0 && a.x + a.w <= drawing.width && a.y + a.h <= drawing.height);
        for b in &drawing.nodes[at + 1..] {
            let apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
            assert!(apart, "{a:?} and {b:?} overlap");
        }
    }
    assert_eq!(drawing.edges.len(), graph.edges.len());
    for edge in &drawing.edges {
        let (first, last) = (*edge.points.first().unwrap(), *edge.points.last().unwrap());
        assert!(on_border(first, placed(drawing, &edge.from)), "{edge:?} leaves from elsewhere");
        assert!(on_border(last, placed(drawing, &edge.to)), "{edge:?} enters elsewhere");
        check_no_box_is_crossed(drawing, edge);
    }
}

/// A curve between two points whose tangents are along the layers stays within the two points' rectangle, so it is
/// enough that its chord and corners lie in a gap: sample the curve itself.
fn check_no_box_is_crossed(drawing: &Drawing, edge: &Route) {
    for pair in edge.points.windows(2) {
        for step in 1..20 {
            let t = f64::from(step) / 20.0;
            let ease = t * t * (3.0 - 2.0 * t);
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            let (x, y) = match drawing.direction {
                Direction::LeftToRight => (pair[0].x + dx * (1.5 * t * (1.0 - t) + t * t * t), pair[0].y + dy * ease),
                Direction::TopToBottom => (pair[0].x + dx * ease, pair[0].y + dy * (1.5 * t * (1.0 - t) + t * t * t)),
            };
            for node in drawing.nodes.iter().filter(|node| node.id != edge.from && node.id != edge.to) {
                let inside =
                    x > node.x + 0.1 && x < node.x + node.w - 0.1 && y > node.y + 0.1 && y < node.y + node.h - 0.1;
                assert!(!inside, "{} to {} runs through {} at {x},{y}", edge.from, edge.to, node.id);
            }
        }
    }
}

fn crossings(graph: &Graph) -> usize {
    let at = |id: &str| graph.nodes.iter().position(|node| node.id == id).unwrap();
    let edges: Vec<_> = graph.edges.iter().map(|edge| (at(&edge.from), at(&edge.to))).collect();
    let layered = layers::Layered::new(graph.nodes.len(), &edges);
    order::crossings(&layered, &order::order(&layered))
}

#[test]
fn graphs_that_can_be_drawn_without_crossings_are() {
    for text in [
        "a>b",
        "a>x a>y b>z c>z b>x",
        "shop>checkout shop>search checkout>payments checkout>cart search>catalogue payments>ledger cart>redis shop>redis",
        "a>d b>c",
        "r>a r>b r>c a>a1 a>a2 b>b1 b>b2 c>c1 c>c2 r>c2",
        "a>b b>c c>d a>d a>c",
    ] {
        assert_eq!(crossings(&graph(text)), 0, "{text}");
    }
}

#[test]
fn crossings_that_must_be_are_counted() {
    assert_eq!(crossings(&graph("a>x a>y b>x b>y")), 1);
    assert_eq!(crossings(&graph("a>x a>y a>z b>x b>y b>z c>x c>y c>z")), 9);
}

#[test]
fn edges_point_to_the_right_or_down() {
    for direction in [Direction::LeftToRight, Direction::TopToBottom] {
        let options = Options { direction, ..Options::default() };
        let drawing = layout(&graph("a>b b>c a>c"), &options).unwrap();
        let along = |id: &str| {
            let node = placed(&drawing, id);
            if direction == Direction::LeftToRight { (node.x, node.x + node.w) } else { (node.y, node.y + node.h) }
        };
        assert!(along("a").1 < along("b").0 && along("b").1 < along("c").0);
    }
}

#[test]
fn a_chain_is_drawn_straight() {
    let drawing = drawn("a>b b>c c>d");
    assert!(drawing.nodes.iter().all(|node| (node.y - drawing.nodes[0].y).abs() < 0.01));
}

#[test]
fn an_edge_that_closes_a_cycle_runs_back_and_so_does_a_loop() {
    let drawing = drawn("a>b b>c c>a b>b");
    let back: Vec<_> = drawing.edges.iter().map(|edge| edge.back).collect();
    assert_eq!(back, [false, false, true, true]);
    check_sound(&graph("a>b b>c c>a b>b"), &drawing);
}

#[test]
fn separate_components_lie_beside_each_other() {
    let text = "a>b c>d e f g>h h>i";
    let drawing = drawn(text);
    check_sound(&graph(text), &drawing);
    assert!(drawing.width < 1_000.0 && drawing.height < 400.0, "{} by {}", drawing.width, drawing.height);
}

#[test]
fn nothing_is_drawn_of_nothing_and_of_edges_to_nowhere() {
    assert!(drawn("").to_svg("Nothing", |_| None).ends_with("></svg>"));
    let mut dangling = graph("a>b");
    dangling.nodes.pop();
    assert_eq!(layout(&dangling, &Options::default()).unwrap().edges, []);
}

#[test]
fn of_two_nodes_with_one_id_the_first_counts() {
    let mut twice = graph("a>b");
    twice.nodes.push(Node { label: "other".to_owned(), ..node("a") });
    let drawing = layout(&twice, &Options::default()).unwrap();
    assert_eq!((drawing.nodes.len(), placed(&drawing, "a").label.as_str()), (2, "a"));
}

#[test]
fn a_graph_beyond_the_bounds_is_refused_with_both_numbers() {
    let refusal = layout(&numbered(601, &[]), &Options::default()).unwrap_err();
    assert_eq!(refusal.code, &codes::TOO_LARGE);
    assert_eq!(refusal.detail, "The graph has 601 nodes; at most 600 are drawn.");
    let refusal = layout(&numbered(2, &vec![(0, 1); 3_001]), &Options::default()).unwrap_err();
    assert_eq!(refusal.detail, "The graph has 3001 edges; at most 3000 are drawn.");
}

#[test]
fn the_largest_graphs_are_drawn_though_their_edges_would_need_too_many_bends() {
    let chain = (0..599).map(|at| (at, at + 1));
    let long = (0..2_401).map(|at| (at % 100, 599 - at % 97));
    let graph = numbered(600, &chain.chain(long).collect::<Vec<_>>());
    let drawing = layout(&graph, &Options::default()).unwrap();
    assert!(drawing.edges.iter().all(|edge| edge.points.len() >= 2));
}

#[test]
fn a_long_label_is_cut_and_the_title_has_all_of_it() {
    let mut long = graph("a");
    long.nodes[0].label = "the-service-with-the-longest-name-of-all-in-the-company".to_owned();
    let drawing = layout(&long, &Options::default()).unwrap();
    let Placed { w, shown, .. } = &drawing.nodes[0];
    assert!(*w <= 220.0 && shown.ends_with('…') && shown.starts_with("the-service"), "{w} {shown}");
    assert!(
        drawing
            .to_svg("One", |_| None)
            .contains("<title>the-service-with-the-longest-name-of-all-in-the-company, up</title>")
    );
}

#[test]
fn whatever_is_in_names_classes_and_links_stays_text() {
    let mut graph = graph("a>b");
    graph.nodes[0].label = "<script>&\"'\u{0}".to_owned();
    graph.nodes[0].class = "ok \"onload=x bad<".to_owned();
    graph.edges[0].label = "</title><b>".to_owned();
    let drawing = layout(&graph, &Options::default()).unwrap();
    let svg = drawing.to_svg("\"><script>", |id| match id {
        "a" => Some("javascript:alert(1)".to_owned()),
        _ => Some("/services/\"b\"?x=1&y=<".to_owned()),
    });
    for bad in ["<script", "javascript", "<b>", "onload", "style=", "\u{0}", "\"b\""] {
        assert!(!svg.contains(bad), "{bad} in {svg}");
    }
    assert!(svg.contains("href=\"/services/&quot;b&quot;?x=1&amp;y=&lt;\"") && svg.contains("graph-node ok\""));
}

#[test]
fn a_drawing_with_links_is_a_group_and_one_without_is_an_image() {
    let drawing = drawn("a>b");
    let svg = drawing.to_svg("Dependencies", |id| Some(format!("/services/{id}")));
    assert!(svg.contains("role=\"group\" aria-label=\"Dependencies\""));
    assert!(svg.contains("<a href=\"/services/a\"><g ") && svg.contains("<title>a, up</title>"));
    assert!(svg.contains("<title>a calls b</title>"));
    assert!(drawing.to_svg("Dependencies", |_| None).contains("role=\"img\""));
}

fn edges(nodes: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..nodes, 0..nodes), 0..nodes * 2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn boxes_stay_apart_and_edges_end_on_them(
        (nodes, edges) in (1_usize..40).prop_flat_map(|nodes| (Just(nodes), edges(nodes))),
        down in any::<bool>(),
    ) {
        let direction = if down { Direction::TopToBottom } else { Direction::LeftToRight };
        let options = Options { direction, ..Options::default() };
        let graph = numbered(nodes, &edges);
        let drawing = layout(&graph, &options).unwrap();
        check_sound(&graph, &drawing);
        let again = layout(&graph, &options).unwrap();
        prop_assert_eq!(drawing.to_svg("Graph", |_| None), again.to_svg("Graph", |_| None));
    }

    #[test]
    fn without_cycles_every_edge_points_to_the_right(
        edges in edges(30),
        names in Just((0..30).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let downhill = edges.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b)));
        let edges: Vec<_> = downhill.map(|(a, b)| (names[a], names[b])).collect();
        let drawing = layout(&numbered(30, &edges), &Options::default()).unwrap();
        for edge in &drawing.edges {
            let (from, to) = (placed(&drawing, &edge.from), placed(&drawing, &edge.to));
            prop_assert!(!edge.back && from.x + from.w < to.x);
        }
    }
}
