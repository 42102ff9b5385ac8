//! The order of the vertices within each layer: as few crossings as some sweeps can get.

#![expect(clippy::indexing_slicing, reason = "vertices and layers come from Layered, which made all the lists")]

use crate::layers::Layered;

const SWEEPS: usize = 12;

/// Rounds of swapping neighbours after the sweeps.
const SWAPS: usize = 4;

/// The vertices of each layer, in order.
pub(crate) fn order(layered: &Layered) -> Vec<Vec<usize>> {
    let mut layers = by_search(layered);
    let mut best = (crossings(layered, &layers), layers.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let forth = sweep % 2 == 0;
        let mut place = places(layered, &layers);
        for step in 1..layers.len() {
            let layer = if forth { step } else { layers.len() - 1 - step };
            let neighbours = if forth { &layered.before } else { &layered.after };
            by_mean(&mut layers[layer], neighbours, &mut place);
        }
        swap_neighbours(layered, &mut layers);
        let now = crossings(layered, &layers);
        if now < best.0 {
            best = (now, layers.clone());
        }
    }
    best.1
}

/// Depth first, so that what hangs together stays together.
fn by_search(layered: &Layered) -> Vec<Vec<usize>> {
    let mut layers = vec![vec![]; layered.depth()];
    let mut seen = vec![false; layered.layer_of.len()];
    let mut starts: Vec<_> = (0..layered.layer_of.len()).collect();
    starts.sort_by_key(|vertex| layered.layer_of[*vertex]);
    for start in starts {
        let mut stack = vec![start];
        while let Some(vertex) = stack.pop() {
            if !std::mem::replace(&mut seen[vertex], true) {
                layers[layered.layer_of[vertex]].push(vertex);
                stack.extend(layered.after[vertex].iter().rev());
            }
        }
    }
    layers
}

fn places(layered: &Layered, layers: &[Vec<usize>]) -> Vec<usize> {
    let mut place = vec![0; layered.layer_of.len()];
    for layer in layers {
        for (at, vertex) in layer.iter().enumerate() {
            place[*vertex] = at;
        }
    }
    place
}

/// Barycentres; a vertex without neighbours on that side stays about where it is.
fn by_mean(layer: &mut [usize], neighbours: &[Vec<usize>], place: &mut [usize]) {
    let mean = |vertex: usize| match neighbours[vertex].as_slice() {
        [] => place[vertex] as f64,
        some => some.iter().map(|other| place[*other] as f64).sum::<f64>() / some.len() as f64,
    };
    let mut keyed: Vec<_> = layer.iter().map(|vertex| (mean(*vertex), *vertex)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (at, (_, vertex)) in keyed.into_iter().enumerate() {
        layer[at] = vertex;
        place[vertex] = at;
    }
}

/// Swaps neighbours wherever that saves a crossing.
fn swap_neighbours(layered: &Layered, layers: &mut [Vec<usize>]) {
    let mut place = places(layered, layers);
    for _ in 0..SWAPS {
        let mut better = false;
        for layer in layers.iter_mut() {
            for at in 1..layer.len() {
                let (a, b) = (layer[at - 1], layer[at]);
                let both = [&layered.before, &layered.after];
                let (as_is, swapped) = both.iter().fold((0, 0), |(as_is, swapped), neighbours| {
                    let (more_as_is, more_swapped) = between(&neighbours[a], &neighbours[b], &place);
                    (as_is + more_as_is, swapped + more_swapped)
                });
                if swapped < as_is {
                    layer.swap(at - 1, at);
                    (place[a], place[b]) = (at, at - 1);
                    better = true;
                }
            }
        }
        if !better {
            return;
        }
    }
}

/// Crossings between the edges of two neighbours: with the first before the second, and the other way round.
fn between(first: &[usize], second: &[usize], place: &[usize]) -> (usize, usize) {
    let (mut as_is, mut swapped) = (0, 0);
    for a in first {
        for b in second {
            as_is += usize::from(place[*a] > place[*b]);
            swapped += usize::from(place[*a] < place[*b]);
        }
    }
    (as_is, swapped)
}

/// All crossings between adjacent layers: inversions, counted with a Fenwick tree (Barth, Mutzel and Jünger, 2004).
pub(crate) fn crossings(layered: &Layered, layers: &[Vec<usize>]) -> usize {
    let place = places(layered, layers);
    let mut count = 0;
    for pair in layers.windows(2) {
        let mut tree = vec![0_usize; pair[1].len() + 1];
        let mut so_far = 0;
        for vertex in &pair[0] {
            let mut ends: Vec<_> = layered.after[*vertex].iter().map(|other| place[*other]).collect();
            ends.sort_unstable();
            for end in &ends {
                let mut not_after = 0;
                let mut at = end + 1;
                while at > 0 {
                    not_after += tree[at];
                    at &= at - 1;
                }
                count += so_far - not_after;
            }
            for end in ends {
                so_far += 1;
                let mut at = end + 1;
                while at < tree.len() {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
    }
    count
}
