//! Where each vertex is across its layer: near its neighbours, in the given order, without overlap.
//!
//! For one layer with its neighbours fixed this is a least-squares problem whose constraint is the order: isotonic
//! regression, solved exactly in one pass by pooling adjacent violators (Ayer et al., 1955). Sweeping over the layers
//! straightens the whole.

#![expect(clippy::indexing_slicing, reason = "vertices come from Layered, which made all the lists")]

use crate::layers::Layered;

const SWEEPS: usize = 24;

/// Space between two edges that run side by side.
const BEND_GAP_PX: f64 = 10.0;

/// How much more a bend between bends holds on to its line than a node to its neighbours.
const STRAIGHT: f64 = 8.0;

/// The centre of each vertex across its layer; the lowest border is at 0. `sizes` is the extent of each vertex.
pub(crate) fn place(layered: &Layered, layers: &[Vec<usize>], sizes: &[f64], node_gap: f64) -> Vec<f64> {
    let apart = |a: usize, b: usize| {
        let gap = if layered.is_bend(a) || layered.is_bend(b) { BEND_GAP_PX } else { node_gap };
        (sizes[a] + sizes[b]) / 2.0 + gap
    };
    let mut centre = vec![0.0; sizes.len()];
    for layer in layers {
        let mut at = 0.0;
        for pair in layer.windows(2) {
            at += apart(pair[0], pair[1]);
            centre[pair[1]] = at;
        }
    }
    for sweep in 0..SWEEPS {
        let last = sweep + 2 >= SWEEPS;
        for step in 0..layers.len() {
            let forth = sweep % 2 == 0;
            let layer = &layers[if forth { step } else { layers.len() - 1 - step }];
            let wishes: Vec<_> = layer.iter().map(|vertex| wish(layered, *vertex, &centre, forth, last)).collect();
            settle(layer, &wishes, &apart, &mut centre);
        }
    }
    let lowest = centre.iter().zip(sizes).map(|(at, size)| at - size / 2.0).fold(f64::INFINITY, f64::min);
    centre.into_iter().map(|at| at - lowest).collect()
}

/// Where a vertex wants to be and how much: at the mean of its neighbours on one side, or on both at the end.
fn wish(layered: &Layered, vertex: usize, centre: &[f64], forth: bool, both: bool) -> (f64, f64) {
    let (before, after) = (layered.before[vertex].as_slice(), layered.after[vertex].as_slice());
    let (first, second) = if forth { (before, after) } else { (after, before) };
    let second = if both || first.is_empty() { second } else { &[] };
    let (mut sum, mut weight) = (0.0, 0.0);
    for other in first.iter().chain(second) {
        let holds = if layered.is_bend(vertex) && layered.is_bend(*other) { STRAIGHT } else { 1.0 };
        sum += holds * centre[*other];
        weight += holds;
    }
    if weight > 0.0 { (sum / weight, weight) } else { (centre[vertex], 0.1) }
}

/// Pools adjacent violators: each block is (sum of weighted wishes, weight, members).
fn settle(layer: &[usize], wishes: &[(f64, f64)], apart: &impl Fn(usize, usize) -> f64, centre: &mut [f64]) {
    let mut offsets = vec![0.0; layer.len()];
    for at in 1..layer.len() {
        offsets[at] = offsets[at - 1] + apart(layer[at - 1], layer[at]);
    }
    let mut blocks: Vec<(f64, f64, usize)> = vec![];
    for ((wish, weight), offset) in wishes.iter().zip(&offsets) {
        let mut block = (weight * (wish - offset), *weight, 1);
        while let Some(last) = blocks.pop_if(|last| last.0 / last.1 >= block.0 / block.1) {
            block = (block.0 + last.0, block.1 + last.1, block.2 + last.2);
        }
        blocks.push(block);
    }
    let lines = blocks.iter().flat_map(|(sum, weight, members)| std::iter::repeat_n(sum / weight, *members));
    for ((vertex, line), offset) in layer.iter().zip(lines).zip(offsets) {
        centre[*vertex] = line + offset;
    }
}
