// Draws the charts and the map along the frames, with a line at the frame that is shown; a click on them goes to a frame.
function makeAlong(viewer, study, asks, go) {
  "use strict";
  const LEFT = 38, RIGHT = 8, INK = "#4c5563", count = study.captions.length; // room beside the axis in pixels
  const canvases = viewer.querySelectorAll("canvas.chart"), flat = viewer.querySelector("canvas.map"), flatPicture = new Image();
  const strips = study.charts.map((chart, number) => ({ canvas: canvases[number], paint: (pen, width, height) => paintChart(chart, pen, width, height) }));
  if (flat) {
    strips.push({ canvas: flat, paint: paintMap });
    flatPicture.onload = () => { strips.forEach((strip) => { strip.kept = null; }); asks(); };
    flatPicture.src = study.map[1];
  }

  function paintBars(series, chart, pen, step, y) {
    series.values.forEach((value, index) => {
      if (!value) return;
      pen.fillStyle = series.over && chart.limit !== null && value >= chart.limit ? series.over : series.colour;
      pen.fillRect(LEFT + index * step, y(value), Math.max(step, 1), y(0) - y(value));
    });
  }

  function paintLine(series, pen, step, y) {
    let drawing = false;
    pen.beginPath();
    series.values.forEach((value, index) => {
      if (value !== null) pen[drawing ? "lineTo" : "moveTo"](LEFT + (index + 0.5) * step, y(value));
      drawing = value !== null;
    });
    pen.strokeStyle = series.colour;
    pen.lineWidth = 1.8;
    pen.stroke();
  }

  function paintChart(chart, pen, width, height) {
    const top = 8, bottom = height - 18, step = (width - LEFT - RIGHT) / count;
    const y = (value) => bottom - ((bottom - top) * Math.min(value, chart.highest)) / chart.highest;
    for (const series of chart.series) {
      if (series.bars) paintBars(series, chart, pen, step, y); else paintLine(series, pen, step, y);
    }
    pen.strokeStyle = pen.fillStyle = INK;
    pen.lineWidth = 1;
    const level = (value, dashes) => {
      pen.setLineDash(dashes);
      pen.beginPath();
      pen.moveTo(LEFT, y(value) + 0.5);
      pen.lineTo(width - RIGHT, y(value) + 0.5);
      pen.stroke();
    };
    level(0, []);
    if (chart.limit !== null) level(chart.limit, [5, 4]);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of [0, chart.limit, chart.highest]) if (value !== null) pen.fillText(String(value), LEFT - 5, y(value));
    pen.textBaseline = "bottom";
    pen.fillText(String(count), width - RIGHT, height);
    pen.textAlign = "left";
    pen.fillText("1", LEFT, height);
  }

  function paintMap(pen, width, height) {
    if (!flatPicture.naturalWidth) return;
    pen.imageSmoothingEnabled = false;
    pen.drawImage(flatPicture, LEFT, 0, width - LEFT - RIGHT, height);
    pen.fillStyle = INK;
    pen.textAlign = "right";
    for (const [angle, up, y] of [[360, "top", 0], [0, "bottom", height]]) {
      pen.textBaseline = up;
      pen.fillText(`${angle}°`, LEFT - 5, y);
    }
  }

  // What does not move is painted once for a size.
  function still(strip, width, height, density) {
    if (strip.kept && strip.kept.width === Math.round(width * density)) return strip.kept;
    const kept = document.createElement("canvas");
    kept.width = Math.round(width * density);
    kept.height = Math.round(height * density);
    const pen = kept.getContext("2d");
    pen.scale(density, density);
    pen.font = "12px sans-serif";
    strip.paint(pen, width, height);
    strip.canvas.width = kept.width;
    strip.canvas.height = kept.height;
    strip.kept = kept;
    return kept;
  }

  function drawStrip(strip, index) {
    const width = strip.canvas.clientWidth, height = strip.canvas.clientHeight, density = window.devicePixelRatio || 1;
    if (!width) return;
    const kept = still(strip, width, height, density), pen = strip.canvas.getContext("2d");
    pen.clearRect(0, 0, kept.width, kept.height);
    pen.drawImage(kept, 0, 0);
    pen.fillStyle = "#1b2330";
    const x = LEFT + ((index + 0.5) * (width - LEFT - RIGHT)) / count;
    pen.fillRect((x - 1) * density, 0, 2 * density, (strip.canvas === flat ? height : height - 18) * density);
  }

  for (const { canvas } of strips) {
    const pick = (event) => go(Math.floor(((event.offsetX - LEFT) / (canvas.clientWidth - LEFT - RIGHT)) * count));
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pick(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });
  }
  return { draw: (index) => strips.forEach((strip) => drawStrip(strip, index)) };
}
