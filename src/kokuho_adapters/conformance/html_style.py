"""HTMLの報告の見た目: one style for the whole page. Letters stand out from every ground (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fbfaf7;color:#1f2933;line-height:1.75;
font-family:"Noto Sans JP","Noto Sans CJK JP","Yu Gothic","Hiragino Sans","Meiryo",sans-serif}
main,header,footer,nav{max-width:76rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2rem}
h1{font-size:1.75rem;line-height:1.35;margin:.2rem 0 1rem}
h2{font-size:1.35rem;margin:2.75rem 0 .75rem;padding-bottom:.35rem;border-bottom:2px solid #3f5775}
h3{font-size:1.12rem;margin:0 0 .5rem}
h4{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.4rem 0}
a{color:#0b4f86}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid #b45309;outline-offset:2px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:#fff;padding:.5rem 1rem;z-index:1}
.verdict{border-left:.5rem solid;padding:.8rem 1.1rem;font-size:1.1rem;font-weight:700;background:#fff}
.verdict.good{border-color:#1b6b45;color:#14532d}
.verdict.bad{border-color:#b42318;color:#7a1a12}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:1rem 0}
dt{font-weight:700}dd{margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;list-style:none;padding:0;margin:1rem 0 0}
.scroll{overflow-x:auto;margin:.6rem 0 1rem}
table{border-collapse:collapse;background:#fff;font-size:.94rem}
caption{text-align:left;font-weight:700;padding:.3rem 0}
th,td{border:1px solid #cbd2d9;padding:.4rem .65rem;text-align:left;vertical-align:top}
thead th{background:#e9eef4;white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
.named caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
td{min-width:8rem}td.number,.wide td{min-width:0}
.number{text-align:right;font-variant-numeric:tabular-nums}
.state{white-space:nowrap;font-weight:700}
.kept{color:#14532d}.broken,.exception-outdated{color:#8f1d14}.excepted,.unclear{color:#7a4a00}
.not-exercised,.not-applicable{color:#4b5563}
th.what{white-space:normal;min-width:18rem}td.wrong{background:#fdf0ee;font-weight:700}td.right{color:#4b5563}
.wide td,.wide th{white-space:nowrap;font-size:.86rem}
.fault{background:#fff;border:1px solid #cbd2d9;border-top:.35rem solid #b42318;border-radius:.35rem;
padding:1.2rem 1.4rem;margin:1.4rem 0}
.rule{color:#4b5563;margin:0}
.told,dd,ol.story{overflow-wrap:anywhere}
.told{background:#fdf0ee;border-left:.3rem solid #b42318;padding:.55rem .9rem;margin:.8rem 0}
.step{margin:1rem 0 .2rem;font-weight:700}
.file{margin:.4rem 0 .1rem;color:#4b5563;font-size:.9rem}
ol.story{margin:.1rem 0 .4rem;padding-left:2.6rem}
ol.story li.about{font-weight:700}
.picture img{display:block;width:100%;min-width:48rem;height:auto;border:1px solid #cbd2d9}
code,pre{font-family:"Noto Sans Mono CJK JP",Consolas,Menlo,monospace;font-size:.9rem}
pre{background:#f0efeb;padding:.7rem .9rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:700;margin-top:1.6rem}
footer{padding:2rem 1.5rem 3rem;color:#4b5563;font-size:.9rem}
@media (max-width:40rem){main,header,footer,nav{padding-left:.9rem;padding-right:.9rem}.fault{padding:1rem .8rem}
th,td{padding:.3rem .4rem;font-size:.86rem}thead th{white-space:normal;min-width:3.4rem}td{min-width:5.6rem}
tbody .what{min-width:11rem;overflow-wrap:anywhere}
.state{white-space:normal;min-width:6.6rem}.wide thead th{white-space:nowrap}
ol.story{padding-left:2rem}dl{gap:.2rem .8rem}}
@media print{body{background:#fff;font-size:10pt}nav,.skip{display:none}.scroll{overflow:visible}
.fault{border-width:1px;break-before:page}tr,li,.told,.picture{break-inside:avoid}h2,h3,h4,.step,.file{break-after:avoid}
.picture img{min-width:0}.wide td,.wide th{white-space:normal;font-size:7pt;padding:.15rem .25rem}}
"""
