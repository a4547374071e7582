"use strict";
// What is on the page, and what of it is looked at?
//
// The files of this folder are joined into one script, in the order that page.py states. Whatever
// the traces say is set as text, never as markup. Only the trace that is looked at is drawn.

const data = JSON.parse(document.getElementById("data").textContent);
const parts = Object.fromEntries([...document.querySelectorAll("[id]")].map((part) => [part.id, part]));
const traces = new Map(data.traces.map((trace) => [trace.id, trace]));

let trace = null; // the one that is drawn
let rows = []; // its elements, one for each of its spans
let chosen = -1; // the index of the span whose details are shown
let view = [0, 1]; // the part of the trace's time that is shown, in nanoseconds from its start
