// Scrolls through the frames of the study that the page holds as JSON. Nothing is asked for from elsewhere.
(() => {
  "use strict";
  const viewer = document.getElementById("viewer");
  const study = JSON.parse(document.getElementById("study").textContent);
  const part = (name) => viewer.querySelector(`[data-part="${name}"]`);
  const slider = part("slider"), caption = part("caption"), opacity = part("opacity");
  const count = study.captions.length, ahead = 12, kept = 80;
  const decoded = new Map();
  let now = -1, forward = 1, asked = false;

  const panes = study.panes.map((pane, number) => {
    const canvas = viewer.querySelectorAll("canvas.pane")[number];
    canvas.width = pane.size[0];
    canvas.height = Math.round(pane.size[0] / pane.aspect);
    const sharp = Math.max(1, Math.round(1024 / canvas.width));
    canvas.width *= sharp;
    canvas.height *= sharp;
    return { ...pane, number, canvas, pen: canvas.getContext("2d"), grey: document.createElement("canvas"), lines: new Map() };
  });
  const ramp = study.ramp ? Uint8Array.from(study.ramp.match(/../g), (pair) => parseInt(pair, 16)) : null;

  // ---- pictures
  function picture(uri) {
    if (!uri) return null;
    let image = decoded.get(uri);
    if (!image) {
      image = new Image();
      image.onload = () => { if (!asked) ask(); };
      image.src = uri;
      decoded.set(uri, image);
      if (decoded.size > kept * panes.length) decoded.delete(decoded.keys().next().value);
    }
    return image.complete && image.naturalWidth ? image : null;
  }

  function chosenWindow() {
    const [, low, high] = study.windows[part("window").value || 0];
    return [low, high];
  }

  function drawGrey(pane, image) {
    const [low, high] = chosenWindow(), [width, height] = pane.size, grey = pane.grey;
    if (grey.width !== width) { grey.width = width; grey.height = height; }
    const pen = grey.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0, width, height);
    if (low !== 0 || high !== 255) {
      const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => (255 * (value - low)) / (high - low));
      const pixels = pen.getImageData(0, 0, width, height), values = pixels.data;
      for (let i = 0; i < values.length; i += 4) values[i] = values[i + 1] = values[i + 2] = table[values[i]];
      pen.putImageData(pixels, 0, 0);
    }
    pane.pen.drawImage(grey, 0, 0, pane.canvas.width, pane.canvas.height);
  }

  function drawHeat(pane, image) {
    const layer = document.createElement("canvas");
    layer.width = image.naturalWidth;
    layer.height = image.naturalHeight;
    const pen = layer.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    const pixels = pen.getImageData(0, 0, layer.width, layer.height), values = pixels.data;
    for (let i = 0; i < values.length; i += 4) {
      const at = 4 * values[i];
      for (let c = 0; c < 4; c += 1) values[i + c] = ramp[at + c];
    }
    pen.putImageData(pixels, 0, 0);
    pane.pen.globalAlpha = opacity.value / 100;
    pane.pen.drawImage(layer, 0, 0, pane.canvas.width, pane.canvas.height);
    pane.pen.globalAlpha = 1;
  }

  function drawOutlines(pane) {
    const scaleX = pane.canvas.width / pane.size[0] / study.units, scaleY = pane.canvas.height / pane.size[1] / study.units;
    const place = new DOMMatrix([scaleX, 0, 0, scaleY, 0, 0]), filled = pane.pictures.length === 0;
    for (const [number, path] of Object.entries(pane.outlines[now] || {})) {
      if (!switches[number].checked) continue;
      const [, colour, dashed] = study.outlines[number], line = new Path2D();
      line.addPath(new Path2D(path), place);
      pane.pen.strokeStyle = pane.pen.fillStyle = colour;
      pane.pen.lineWidth = pane.canvas.width / 300;
      pane.pen.setLineDash(dashed ? [pane.canvas.width / 80, pane.canvas.width / 120] : []);
      pane.pen.globalAlpha = filled ? 0.4 : opacity.value / 100;
      if (filled) pane.pen.fill(line, "evenodd");
      pane.pen.stroke(line);
      pane.pen.globalAlpha = 1;
    }
  }

  function drawLetters(pane) {
    const pen = pane.pen, size = pane.canvas.width / 22, { width, height } = pane.canvas;
    pen.font = `bold ${size}px sans-serif`;
    pen.lineWidth = size / 5;
    pen.strokeStyle = "#000";
    pen.fillStyle = "#fff";
    pen.setLineDash([]);
    const places = [[0.02, 0.5, "left", "middle"], [0.98, 0.5, "right", "middle"], [0.5, 0.02, "center", "top"], [0.5, 0.98, "center", "bottom"]];
    pane.letters.forEach((letter, number) => {
      const [x, y, across, up] = places[number];
      pen.textAlign = across;
      pen.textBaseline = up;
      pen.strokeText(letter, x * width, y * height);
      pen.fillText(letter, x * width, y * height);
    });
  }

  function drawPane(pane) {
    const image = picture(pane.pictures[now]);
    if (pane.pictures[now] && !image) return false;
    pane.pen.fillStyle = "#0b0e13";
    pane.pen.fillRect(0, 0, pane.canvas.width, pane.canvas.height);
    if (image) drawGrey(pane, image);
    const heat = heatChoice ? heatChoice.value : "";
    const hot = heat !== "" && pane.heat[heat] ? picture(pane.heat[heat][now]) : null;
    if (hot) drawHeat(pane, hot);
    drawOutlines(pane);
    drawLetters(pane);
    return true;
  }

  // ---- charts and map
  const charts = study.charts.map((chart, number) => ({ ...chart, canvas: viewer.querySelectorAll("canvas.chart")[number] }));
  const flat = part("map"), flatPicture = new Image();
  const left = 38, right = 8;

  function along(canvas, x) {
    const width = canvas.clientWidth - left - right;
    return Math.max(0, Math.min(count - 1, Math.floor(((x - left) / width) * count)));
  }

  function prepared(canvas) {
    const density = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * density;
    canvas.height = height * density;
    const pen = canvas.getContext("2d");
    pen.scale(density, density);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px sans-serif";
    return [pen, width, height];
  }

  function cursor(pen, width, top, bottom) {
    const step = (width - left - right) / count, x = left + (now + 0.5) * step;
    pen.strokeStyle = "#1b2330";
    pen.lineWidth = 2;
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(x, top);
    pen.lineTo(x, bottom);
    pen.stroke();
  }

  function drawChart(chart) {
    const [pen, width, height] = prepared(chart.canvas), top = 8, bottom = height - 18;
    const step = (width - left - right) / count, y = (value) => bottom - ((bottom - top) * Math.min(value, chart.highest)) / chart.highest;
    for (const series of chart.series) {
      pen.beginPath();
      let drawing = false;
      series.values.forEach((value, index) => {
        if (value === null) { drawing = false; return; }
        const x = left + index * step;
        if (series.bars) {
          pen.fillStyle = series.over && chart.limit !== null && value >= chart.limit ? series.over : series.colour;
          if (value > 0) pen.fillRect(x, y(value), Math.max(step, 1), bottom - y(value));
        } else {
          if (drawing) pen.lineTo(x + step / 2, y(value)); else pen.moveTo(x + step / 2, y(value));
          drawing = true;
        }
      });
      pen.strokeStyle = series.colour;
      pen.lineWidth = 1.8;
      pen.setLineDash([]);
      if (!series.bars) pen.stroke();
    }
    pen.strokeStyle = pen.fillStyle = "#4c5563";
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(left, bottom + 0.5);
    pen.lineTo(width - right, bottom + 0.5);
    pen.stroke();
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of [0, chart.limit, chart.highest]) if (value !== null) pen.fillText(String(value), left - 5, y(value));
    if (chart.limit !== null) {
      pen.setLineDash([5, 4]);
      pen.beginPath();
      pen.moveTo(left, y(chart.limit));
      pen.lineTo(width - right, y(chart.limit));
      pen.stroke();
    }
    pen.textBaseline = "bottom";
    pen.textAlign = "left";
    pen.fillText("1", left, height);
    pen.textAlign = "right";
    pen.fillText(String(count), width - right, height);
    cursor(pen, width, top, bottom);
  }

  function drawMap() {
    if (!flat || !flatPicture.naturalWidth) return;
    const [pen, width, height] = prepared(flat);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(flatPicture, left, 0, width - left - right, height);
    pen.fillStyle = "#4c5563";
    pen.textAlign = "right";
    for (const [angle, up] of [[360, "top"], [0, "bottom"]]) {
      pen.textBaseline = up;
      pen.fillText(`${angle}°`, left - 5, angle ? 8 : height);
    }
    cursor(pen, width, 0, height);
  }

  // ---- going there
  function draw() {
    asked = false;
    const all = panes.map(drawPane).every(Boolean);
    charts.forEach(drawChart);
    drawMap();
    if (!all) return;
    viewer.dataset.shown = now + 1;
    if (!viewer.dataset.ready) viewer.dataset.ready = Math.round(performance.now());
    for (let i = 1; i <= ahead; i += 1) {
      const next = now + i * forward;
      if (next >= 0 && next < count) panes.forEach((pane) => picture(pane.pictures[next]));
    }
  }

  function ask() {
    asked = true;
    requestAnimationFrame(draw);
  }

  function go(index) {
    const there = Math.max(0, Math.min(count - 1, index));
    if (there === now) return;
    forward = there < now ? -1 : 1;
    now = there;
    slider.value = now + 1;
    slider.setAttribute("aria-valuetext", study.captions[now]);
    caption.textContent = study.captions[now];
    ask();
  }

  // ---- switches
  const switches = study.outlines.map((_, number) => viewer.querySelector(`[data-outline="${number}"]`));
  const heatChoice = part("heat");
  for (const input of [...switches, heatChoice, part("window"), opacity]) if (input) input.addEventListener("input", ask);
  slider.addEventListener("input", () => go(slider.value - 1));
  part("before").addEventListener("click", () => go(now - 1));
  part("after").addEventListener("click", () => go(now + 1));

  function turn(select) {
    if (!select) return;
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    ask();
  }

  function outlinesOnOff() {
    const on = switches.some((input) => input.checked);
    switches.forEach((input) => { input.checked = !on; });
    ask();
  }

  function fade(by) {
    opacity.value = Number(opacity.value) + by;
    ask();
  }

  const keys = {
    ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1),
    c: outlinesOnOff, h: () => turn(heatChoice), w: () => turn(part("window")), "+": () => fade(10), "-": () => fade(-10),
  };
  const keysOnPicture = {
    ...keys, ArrowDown: () => go(now + 1), ArrowUp: () => go(now - 1), PageDown: () => go(now + 10), PageUp: () => go(now - 10),
    Home: () => go(0), End: () => go(count - 1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    const act = (event.target.tagName === "CANVAS" ? keysOnPicture : keys)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // ---- mouse and finger
  let turned = 0;
  for (const { canvas } of panes) {
    canvas.addEventListener("wheel", (event) => {
      turned += event.deltaY;
      const by = Math.trunc(turned / 40) || 0, there = now + by;
      if (by) turned = 0;
      if (now + Math.sign(event.deltaY) < 0 || now + Math.sign(event.deltaY) >= count) return; // at the end the page moves on
      event.preventDefault();
      if (by) go(there);
    }, { passive: false });
    let from = null;
    canvas.addEventListener("pointerdown", (event) => { from = [event.clientX, now]; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (from) go(from[1] + Math.round(((event.clientX - from[0]) / canvas.clientWidth) * Math.min(count, 100)));
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
  }
  for (const canvas of [...charts.map((chart) => chart.canvas), flat]) {
    if (!canvas) continue;
    const pick = (event) => go(along(canvas, event.offsetX));
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pick(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });
  }

  // ---- numbers in the text go there
  function link(number) {
    const made = document.createElement("a");
    made.href = "#viewer";
    made.className = "go";
    made.textContent = number;
    made.dataset.go = number - 1;
    return made;
  }

  function linkNumbers() {
    const [one, many] = study.words, place = "\\d+(?![\\d.]*\\d| ?mm)", list = `${place}(?:(?:, | and | to |–)${place})*`;
    const wanted = new RegExp(`\\b(?:${many}|${one})\\s(${list})`, "gi"), texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!node.parentElement.closest("script, style, a, #viewer, summary") && node.data.search(wanted) >= 0) texts.push(node);
    }
    for (const node of texts) {
      const pieces = document.createDocumentFragment();
      let done = 0;
      for (const found of node.data.matchAll(wanted)) {
        const begin = found.index + found[0].length - found[1].length;
        pieces.append(node.data.slice(done, begin));
        for (const piece of found[1].split(/(\d+)/)) {
          const number = Number(piece);
          pieces.append(number >= 1 && number <= count ? link(piece) : piece);
        }
        done = found.index + found[0].length;
      }
      pieces.append(node.data.slice(done));
      node.replaceWith(pieces);
    }
    for (const cell of document.querySelectorAll("td.number")) {
      const pieces = cell.textContent.split(/(\d+)/).map((piece) => (/^\d+$/.test(piece) ? link(piece) : piece));
      cell.replaceChildren(...pieces);
    }
  }
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("a.go");
    if (!chosen) return;
    event.preventDefault();
    go(Number(chosen.dataset.go));
    const place = panes[0].canvas.getBoundingClientRect();
    if (place.top < 0 || place.bottom > innerHeight) viewer.scrollIntoView({ block: "start" });
  });

  viewer.hidden = false;
  document.documentElement.classList.add("moving");
  slider.max = count;
  if (study.map) {
    flatPicture.onload = ask;
    flatPicture.src = study.map[1];
  }
  window.addEventListener("resize", ask);
  go(study.start);
  linkNumbers();
})();
