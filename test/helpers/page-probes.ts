/**
 * What is asked of a page, as source text: it runs in the browser, whose types the project does not otherwise need.
 */

export interface Box {
  readonly left: number;
  readonly width: number;
}

/** Boxes of all elements that match. */
export function boxes(selector: string): string {
  return `[...document.querySelectorAll(${JSON.stringify(selector)})].map((e) => { const b = e.getBoundingClientRect(); return { left: b.left, width: b.width }; })`;
}

export function texts(selector: string): string {
  return `[...document.querySelectorAll(${JSON.stringify(selector)})].map((e) => e.textContent)`;
}

export const OPEN_ALL = `document.querySelectorAll('details').forEach((e) => { e.open = true; })`;

export const SCROLL_WIDTH = `document.documentElement.scrollWidth`;

/** Elements that load, run or lead somewhere, and attributes that run. */
export const ACTIVE = `[
  ...[...document.querySelectorAll('script,img,iframe,object,embed,form,input,base,a,link:not([rel=icon]),audio,video')].map((e) => e.tagName),
  ...[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes].map((a) => a.name).filter((n) => n.startsWith('on') || n === 'src')),
]`;

/** Every text whose contrast with what lies behind it is below what WCAG AA asks for its size. */
export const LOW_CONTRAST = `(() => {
  const parse = (c) => { const [r, g, b, a = 1] = c.match(/[\\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => { const s = v / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (let n = e; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
  const found = [];
  let examined = 0;
  for (const e of document.body.querySelectorAll('*')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [a, b] = [light(parse(style.color).rgb), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    examined += 1;
    if (ratio < (large ? 3 : 4.5)) found.push(e.className + ' ' + e.tagName + ' ' + ratio.toFixed(2) + ' ' + e.textContent.slice(0, 40));
  }
  return { examined, found };
})()`;
