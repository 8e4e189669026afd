/** The whole style of a report. Colours are chosen for a contrast of at least 4.5 in both schemes; the test measures it. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf8;--sheet:#fff;--ink:#1b1d21;--soft:#5a5f68;--line:#e3e1dc;--pale:#d5dade;--bar:#4a6178;--dim:#8295a8;
--good:#0b6b4b;--bad:#b3261e;--doubt:#855400;--goodwash:#e5f2ec;--badwash:#fbe9e7;--doubtwash:#fbf0da}
@media (prefers-color-scheme:dark){:root{--paper:#14161a;--sheet:#1b1e23;--ink:#e9e7e2;--soft:#a3a8b1;--line:#30343b;--pale:#3d444d;--bar:#8fa9c2;--dim:#5d7186;
--good:#4fc795;--bad:#ff8f84;--doubt:#eab64d;--goodwash:#15281f;--badwash:#331b19;--doubtwash:#2f2614}}
.good{--tone:var(--good);--wash:var(--goodwash)}.bad{--tone:var(--bad);--wash:var(--badwash)}.doubt{--tone:var(--doubt);--wash:var(--doubtwash)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);border-top:6px solid var(--tone);overflow-wrap:anywhere;
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
main,footer{max-width:66rem;margin:0 auto;padding:0 1.5rem}
main>section{margin:3.5rem 0 0}
footer{padding-top:3rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
h1,h2,h3,p,ul,ol,dl,dd,figure{margin:0;padding:0}ul,ol{list-style:none}
h2{font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;margin-bottom:.4rem}
h3{font-size:1rem;margin:1.75rem 0 .6rem}
h2+p{color:var(--soft);margin-bottom:1.25rem;max-width:46rem}
small{font-size:.8125rem;color:var(--soft);font-weight:400}
code{font:.8125rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:1rem 0 1.5rem;padding:.9rem 1.1rem;background:var(--sheet);border:1px solid var(--line);border-radius:8px;white-space:pre-wrap}
pre code{font-size:.9375rem}
summary{cursor:pointer;color:var(--soft);font-size:.875rem;padding:.35rem 0}
:focus-visible{outline:2px solid var(--tone);outline-offset:3px;border-radius:2px}
.symbols{position:absolute}
.mark{width:1.15em;height:1.15em;flex:none;fill:currentColor;stroke:var(--paper);stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}
.mark.good{color:var(--good)}.mark.bad{color:var(--bad)}.mark.doubt,.mark.flag{color:var(--doubt)}.mark.none,.mark.empty{color:var(--soft)}
symbol path{fill:none}symbol circle,symbol .s{stroke:none;fill:currentColor}symbol .o{fill:none;stroke:currentColor}symbol .l{stroke:currentColor}
/* first screen */
.hero{padding-top:1.75rem}
.kicker{display:flex;flex-wrap:wrap;gap:0 1.25rem;color:var(--soft)}.kicker strong{color:var(--ink)}
h1{display:flex;flex-wrap:wrap;align-items:center;gap:.1em .28em;color:var(--tone);font-size:clamp(2.5rem,8.5vw,4.5rem);line-height:1.08;
letter-spacing:-.03em;font-weight:760;margin:.5rem 0 .6rem}
h1 .mark{width:.82em;height:.82em}
h1 small{font-size:.3em;letter-spacing:0;color:var(--tone);border:1.5px solid;border-radius:99px;padding:.3em .85em;font-weight:650}
h1 small i{font-style:normal;font-weight:450}
.cause{color:var(--soft)}
.reason{font-size:1.1875rem;line-height:1.45;max-width:46rem}
.ladder{display:grid;grid-template-columns:repeat(6,1fr);gap:4px;margin:1.4rem 0 0}
.ladder li{border-top:6px solid var(--pale);padding:.4rem .25rem 0 0;font-size:.8125rem;line-height:1.35;color:var(--soft)}
.ladder b{color:var(--ink)}.ladder span,.ladder em{display:block;font-style:normal}
.ladder .held{border-color:var(--good)}.ladder .held em{color:var(--good)}
.ladder .failing{border-top-style:double;border-color:var(--bad)}.ladder .failing em{color:var(--bad);font-weight:650}
.ladder .unproved,.ladder .unreached{border-top-style:dashed;border-color:var(--doubt)}.ladder .unproved em,.ladder .unreached em{color:var(--doubt)}
.ladder .unasked{border-top-style:dotted}
.fault{border:2px solid var(--bad);color:var(--bad);background:repeating-linear-gradient(-45deg,var(--badwash) 0 14px,transparent 14px 28px),var(--paper);
border-radius:8px;padding:.9rem 1.1rem;margin-bottom:1.5rem;font-size:1.0625rem}
.fault strong{display:block;font-size:1.25rem}
.notes{margin-top:1.5rem;display:grid;gap:.5rem}
.notes li{display:flex;gap:.7rem;background:var(--sheet);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.notes .mark{margin-top:.2em;stroke:var(--sheet)}
.facts{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;margin-top:1.75rem;background:var(--line);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.facts div{background:var(--sheet);padding:.85rem 1rem}
.facts dt{font-size:.8125rem;color:var(--soft);margin-bottom:.15rem}
.facts dd{font-size:1.0625rem;font-weight:600;line-height:1.35}.facts dd small{display:block;line-height:1.4}
.facts .axis{display:flex;gap:.5rem}.facts .axis .mark{margin-top:.1em;stroke:var(--sheet)}
.gauge,.bar,.track{display:block;width:100%}
.gauge{margin-top:.6rem}.gauge .allowed{fill:var(--pale)}.gauge .taken{fill:var(--good)}.gauge.missed .taken{fill:var(--bad)}.gauge .limit{display:none}.gauge.missed .limit{display:inline;fill:var(--ink)}
.scope{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem;margin-top:1.5rem}
.scope h2{font-size:.8125rem;letter-spacing:0;color:var(--soft);font-weight:600;margin:0}
.scope section:last-child{border-left:3px solid var(--doubt);padding-left:1rem}
.scope ul{columns:1}.scope li{padding:.1rem 0}
/* time */
.timeline li,.axis-row{display:grid;grid-template-columns:13rem 1fr 5.5rem;gap:0 1rem;align-items:center;padding:.28rem 0}
.axis-row{height:1.6rem;padding:0}.ticks{grid-column:2;position:relative;height:100%}
.ticks span{position:absolute;font-size:.75rem;color:var(--soft);white-space:nowrap;border-left:1px solid var(--line);padding-left:.3rem;bottom:0}
.track{background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}
.span{fill:var(--dim)}.span.longest{fill:var(--bar)}
.seconds{text-align:right;color:var(--soft)}
/* tables */
.tables li{display:grid;grid-template-columns:14.5rem 7.5rem 1fr 16.5rem 5rem;gap:0 1rem;align-items:center;padding:.3rem 0;border-bottom:1px solid var(--line);font-size:.9375rem}
.outcome{display:flex;gap:.4rem;align-items:center;font-size:.875rem;color:var(--soft);white-space:nowrap}.equal>.outcome{color:var(--good)}.different>.outcome{color:var(--bad);font-weight:650}
.rows,.size{text-align:right;font-size:.875rem}.size{color:var(--soft)}.different>.rows{color:var(--bad)}
.expected{fill:var(--pale)}.found{fill:var(--bar)}.different .found{fill:var(--bad)}
.overview div{display:grid;grid-template-columns:repeat(auto-fill,10px);gap:3px;margin-bottom:.5rem}
.overview i{width:10px;height:10px;background:var(--good);border-radius:2px;opacity:.75}
.overview .different{opacity:1;background:linear-gradient(45deg,transparent 42%,var(--paper) 42% 58%,transparent 58%),linear-gradient(-45deg,var(--bad) 42%,var(--paper) 42% 58%,var(--bad) 58%);outline:2px solid var(--bad)}
.overview .not_compared{background:none;border:1.5px solid var(--soft)}
figcaption{margin-bottom:1rem;font-size:.8125rem;color:var(--soft)}
/* checks */
.level h3{border-bottom:1px solid var(--line);padding-bottom:.4rem;font-size:1.0625rem}.level h3 small{float:right;padding-top:.2rem}
.checks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.75rem}
.checks>li{background:var(--sheet);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;min-width:0}
.checks>.failed,.checks>.could_not_verify{grid-column:1/-1;border-width:2px}
.checks>.failed{border-color:var(--bad)}.checks>.could_not_verify{border-color:var(--doubt)}.checks>.optional{border:1px dashed var(--pale)}
.missing{display:flex;flex-wrap:wrap;gap:.3rem 1.25rem}.missing li{display:flex;gap:.4rem;align-items:center;font-size:.9375rem}
.head{display:flex;gap:.55rem;align-items:baseline;line-height:1.4}.head .mark{stroke:var(--sheet);align-self:flex-start;margin-top:.12em}.head strong{flex:1;font-weight:620}
.status{font-size:.8125rem;color:var(--soft);white-space:nowrap}.passed .status{color:var(--good)}.failed .status{color:var(--bad);font-weight:650}.could_not_verify .status,.accepted .status{color:var(--doubt);font-weight:650}
.detail{font-size:.9375rem;margin-top:.3rem}
.tags{display:flex;flex-wrap:wrap;gap:0 .9rem;font-size:.8125rem;color:var(--soft);margin-top:.3rem}
.items{border-left:2px solid var(--pale);padding-left:.8rem;font-size:.875rem}.items li{padding:.1rem 0}
/* provenance */
.subjects{display:grid;gap:.75rem}.subjects li{background:var(--sheet);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.pairs div{display:grid;grid-template-columns:13rem 1fr;gap:0 1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}.pairs dt{color:var(--soft)}
@media (max-width:56rem){.facts{grid-template-columns:repeat(2,1fr)}
.tables li{grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.55rem 0}.tables .bar{grid-column:1/-1;order:3}.tables .outcome{order:2}.tables .rows{order:4;text-align:left}.tables .size{order:5}}
@media (max-width:40rem){main,footer{padding:0 1rem}main>section{margin-top:2.75rem}.hero{padding-top:1.1rem}
.ladder{grid-template-columns:repeat(3,1fr);gap:.6rem 4px}.cause{color:var(--soft)}
.reason{font-size:1.0625rem}.scope{grid-template-columns:1fr;gap:1rem}
.overview div{grid-template-columns:repeat(auto-fill,6px);gap:2px}.overview i{width:6px;height:6px}
.facts div{padding:.7rem .75rem}.facts dd{font-size:.9375rem}
.timeline li{grid-template-columns:1fr auto;padding:.4rem 0}.timeline .track{grid-column:1/-1;order:3;margin-top:.2rem}.axis-row{grid-template-columns:1fr;height:1.4rem}.ticks{grid-column:1}
.pairs div{grid-template-columns:1fr}.level h3 small{float:none;display:block}}
@media print{:root{color-scheme:light}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}html{font-size:68%}body{background:#fff}
details::details-content{content-visibility:visible;height:auto}li,.facts div{break-inside:avoid}h2,h3{break-after:avoid}main>section{margin-top:2rem}}
`;
