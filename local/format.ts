/** `812 B`, `12.4 MB`, `3.1 GB`: decimal units, as disks and clouds are sold. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** `371,220`, from a number or a decimal string. */
export function formatCount(count: number | string): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
