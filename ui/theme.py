"""How the page looks: colours and fonts as a Gradio theme, and the stylesheet that does the rest."""

from pathlib import Path

import gradio as gr

_INK = (
    "#f3f6fb",
    "#e3eaf5",
    "#c8d6ea",
    "#a3b9d9",
    "#7b97c2",
    "#5677a8",
    "#3f5f90",
    "#2f4a75",
    "#24395b",
    "#1a2a44",
    "#121d30",
)
STYLE = Path(__file__).with_name("web.css")
ICON = Path(__file__).with_name("icon.svg")


def theme() -> gr.themes.Base:
    """The page's colours and fonts as a Gradio theme; `web.css` does the rest."""
    ink = gr.themes.Color(*_INK)
    return gr.themes.Base(
        primary_hue=ink,
        secondary_hue=ink,
        neutral_hue=gr.themes.colors.zinc,
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
