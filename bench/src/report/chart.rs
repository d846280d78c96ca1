//! The plot: bars for each contestant, in a panel for each question. It follows the reader's light or dark, and has a
//! ground of its own, because the page around it may not.

use std::fmt::Write as _;

use crate::contestant::Gateway;
use crate::figures::{Figure, readable};
use crate::load::Sample;
use crate::rounds::Results;
use crate::workload::Workload;

const WIDTH: usize = 880;
const LABELS: usize = 230;
const NUMBERS: usize = 90;
const BAR: usize = 18;
const STEP: usize = 26;
const TITLE: usize = 44;
const MARGIN: usize = 20;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.ground{fill:#ffffff}\
.title{font-weight:600}\
.express{fill:#8c959f}.nginx{fill:#57606a}.forwarder{fill:#54aeff}.layers{fill:#80ccff}.jetway{fill:#0969da}\
.spread{stroke:#1f2328;stroke-width:1.5}\
@media(prefers-color-scheme:dark){\
text{fill:#e6edf3}\
.ground{fill:#0d1117}\
.express{fill:#6e7681}.nginx{fill:#b1bac4}.forwarder{fill:#1f6feb}.layers{fill:#1158c7}.jetway{fill:#79c0ff}\
.spread{stroke:#e6edf3}}";

/// A question that the plot answers.
struct Panel {
    title: &'static str,
    workload: Workload,
    value: fn(&Sample) -> f64,
}

const PANELS: [Panel; 5] = [
    Panel {
        title: "Proxied GET, signed in, rate limited, 32 at a time: requests a second (more is better)",
        workload: Workload::Get32,
        value: |sample| sample.requests_per_second,
    },
    Panel {
        title: "The same: 99 of 100 answers within, ms (less is better)",
        workload: Workload::Get32,
        value: |sample| sample.p99_ms,
    },
    Panel {
        title: "The same while 8 clients sign in: requests a second (more is better)",
        workload: Workload::Flood,
        value: |sample| sample.requests_per_second,
    },
    Panel {
        title: "Sign-ins a second, bcrypt at cost 10 (more is better)",
        workload: Workload::SignIn,
        value: |sample| sample.requests_per_second,
    },
    Panel {
        title: "64 MiB answers: MiB a second (more is better)",
        workload: Workload::Down64,
        value: |sample| sample.throughput(Workload::Down64),
    },
];

/// One bar.
struct Bar {
    class: &'static str,
    label: String,
    figure: Figure,
}

/// The whole plot as SVG.
pub(super) fn draw(results: &Results) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    for panel in &PANELS {
        let bars = bars(results, panel);
        if !bars.is_empty() {
            y = draw_panel(&mut body, panel.title, &bars, y);
        }
    }
    let height = y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Jetway compared with Express, nginx and a forwarder\">\n<style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n{body}</svg>\n"
    )
}

fn bars(results: &Results, panel: &Panel) -> Vec<Bar> {
    let contestants = results.contestants.iter();
    contestants
        .filter_map(|contestant| {
            let values = results.values(&contestant.id(), panel.workload, panel.value);
            Some(Bar {
                class: match contestant.gateway {
                    Gateway::Express => "express",
                    Gateway::Nginx => "nginx",
                    Gateway::Forwarder => "forwarder",
                    Gateway::Layers => "layers",
                    Gateway::Jetway => "jetway",
                },
                label: contestant.title(),
                figure: Figure::of(&values)?,
            })
        })
        .collect()
}

/// Draws a panel below `top`, and tells where the next begins.
fn draw_panel(body: &mut String, title: &str, bars: &[Bar], top: usize) -> usize {
    let longest = bars
        .iter()
        .map(|bar| bar.figure.most)
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LABELS - NUMBERS - 2 * MARGIN) as f64 / longest;
    let left = (LABELS + MARGIN) as f64;
    // Writing to a string cannot fail.
    let _ = writeln!(
        body,
        "<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{title}</text>",
        top + 16
    );
    for (row, Bar { class, label, figure }) in bars.iter().enumerate() {
        let y = top + TITLE - STEP / 2 + row * STEP;
        let middle = y + BAR / 2;
        let (length, least, most) = (figure.median * scale, figure.least * scale, figure.most * scale);
        let _ = write!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
             <rect class=\"{class}\" x=\"{left}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>",
            left - 8.0,
            middle + 5,
        );
        if figure.most > figure.least {
            let _ = write!(
                body,
                "<path class=\"spread\" d=\"M{:.1} {middle}H{:.1}\"/>",
                left + least,
                left + most
            );
        }
        let _ = writeln!(
            body,
            "<text x=\"{:.1}\" y=\"{}\">{}</text>",
            left + most + 8.0,
            middle + 5,
            readable(figure.median)
        );
    }
    top + TITLE + bars.len() * STEP + MARGIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fits() {
        let bar = |median: f64| Bar {
            class: "jetway",
            label: "Jetway".to_owned(),
            figure: Figure {
                median,
                least: median,
                most: median,
            },
        };
        let mut body = String::new();
        let next = draw_panel(&mut body, "GET", &[bar(100.0), bar(50.0)], 0);
        assert!(
            body.contains("width=\"520.0\"") && body.contains("width=\"260.0\""),
            "{body}"
        );
        assert!(next > 2 * STEP);
    }
}
