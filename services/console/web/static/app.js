// Loaded before the first paint: the theme, and what charts need to write figures.
"use strict";

const afTheme = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )aifinops_theme=(light|dark)/) || [])[1] || "";
  const apply = () => {
    document.documentElement.dataset.theme = chosen() || (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  apply();
  return {
    choose(name) {
      document.cookie = `aifinops_theme=${name}; path=/; SameSite=Lax; max-age=${name ? 31536000 : 0}`;
      apply();
    },
  };
})();

const afMoney = (value) => {
  if (value === null || value === undefined || value === "-") return "–";
  const size = Math.abs(value);
  if (size > 0 && size < 0.01) return (value < 0 ? "-$" : "$") + size.toPrecision(2);
  const text = size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return (value < 0 ? "-$" : "$") + text;
};

const afMoneyAxis = (value) => {
  const size = Math.abs(value);
  const sign = value < 0 ? "-$" : "$";
  if (size >= 1e6) return sign + +(size / 1e6).toFixed(1) + "M";
  if (size >= 1e3) return sign + +(size / 1e3).toFixed(1) + "k";
  return sign + (size >= 1 || size === 0 ? +size.toFixed(2) : +size.toPrecision(2));
};

const afText = (text) => {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
};

// Tooltip of a stack: the largest first, zeros left out, the sum below.
const afStackTooltip = (points) => {
  const shown = points.filter((p) => p.value !== 0 && p.value != null && !p.seriesName.startsWith("Previous"));
  const before = points.find((p) => p.seriesName.startsWith("Previous"));
  const row = (p) =>
    `<tr><td>${p.marker}${afText(p.seriesName)}</td><td class="af-num">${afMoney(p.value)}</td></tr>`;
  const total = shown.reduce((sum, p) => sum + p.value, 0);
  const rows = shown.sort((a, b) => b.value - a.value).map(row).join("");
  const sum = `<tr class="af-sum"><td>Total</td><td class="af-num">${afMoney(total)}</td></tr>`;
  const head = `<div class="af-tip-title">${afText(points[0].axisValueLabel)}</div>`;
  return `${head}<table class="af-tip">${rows}${sum}${before ? row(before) : ""}</table>`;
};

// Tooltip of a budget's course: what was spent, or where it is heading and between what.
const afCourseTooltip = (points) => {
  const value = (name) => points.find((p) => p.seriesName === name)?.value;
  const row = (name, text) => `<tr><td>${name}</td><td class="af-num">${text}</td></tr>`;
  const [spent, forecast, low, width] = ["Spent", "Forecast", "Low", "Interval"].map(value);
  const rows = spent != null ? row("Spent", afMoney(spent)) : forecast != null ? row("Forecast", afMoney(forecast)) : "";
  const between = low != null && width ? row("Between", `${afMoney(low)} and ${afMoney(low + width)}`) : "";
  return `<div class="af-tip-title">${afText(points[0].axisValueLabel)}</div><table class="af-tip">${rows}${between}</table>`;
};

// Tooltips of an hour against its usual range, in dollars or not.
const afBandTip = (shown) => (points) => {
  const value = (name) => points.find((p) => p.seriesName === name)?.value;
  const row = (name, text) => `<tr><td>${name}</td><td class="af-num">${text}</td></tr>`;
  const [actual, expected, low, width] = ["Actual", "Expected", "Low", "Usual range"].map(value);
  const rows = (actual != null ? row("Actual", shown(actual)) : "") + (expected != null ? row("Expected", shown(expected)) : "");
  const between = low != null && width != null ? row("Usually between", `${shown(low)} and ${shown(low + width)}`) : "";
  return `<div class="af-tip-title">${afText(points[0].axisValueLabel)}</div><table class="af-tip">${rows}${between}</table>`;
};
const afMoneyBandTooltip = afBandTip(afMoney);
const afBandTooltip = afBandTip((value) => value.toLocaleString("en-US", { maximumSignificantDigits: 4 }));

// Tooltip of a waterfall: the step, without the base it stands on.
const afStepTooltip = (points) => {
  const step = points.find((p) => p.seriesName !== "Base" && p.value != null && p.value !== "-");
  if (!step) return "";
  const sign = step.seriesName === "Less" ? -1 : 1;
  return `<div class="af-tip-title">${afText(step.axisValueLabel)}</div>${afMoney(sign * step.value)}`;
};

const afCopy = async (button, text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = before), 1500);
};

document.addEventListener("visibilitychange", () => {
  if (typeof emitEvent === "function") emitEvent("af_visible", !document.hidden);
});
