// Draws the pictures of a frame with their outlines and heat map, each on its canvas.
function makePictures(viewer, study, asks) {
  "use strict";
  const KEPT = 48, MOST_ENLARGED = 2; // decoded pictures of a pane (1 MB each); pixels of a canvas for one of the picture
  const part = (name) => viewer.querySelector(`[data-part="${name}"]`), layer = document.createElement("canvas");
  const decoded = new Map(), missed = new Set(), canvases = viewer.querySelectorAll("canvas.pane");
  const switches = study.outlines.map((_, number) => viewer.querySelector(`[data-outline="${number}"]`));
  const windowChoice = part("window"), heatChoice = part("heat"), opacity = part("opacity");
  const unsureSwitch = part("unsure"), ringSwitch = part("ring"), NONE = 255; // in a ring: nothing is known at this angle
  const ramp = study.ramp ? new Uint32Array(Uint8Array.from(study.ramp.match(/../g), (pair) => parseInt(pair, 16)).buffer) : null;

  const panes = study.panes.map((pane, number) => {
    const canvas = canvases[number], wanted = (canvas.clientWidth * (window.devicePixelRatio || 1)) / pane.size[0];
    const enlarged = Math.max(1, Math.min(MOST_ENLARGED, Math.round(wanted)));
    canvas.width = pane.size[0] * enlarged;
    canvas.height = Math.round(canvas.width / pane.aspect);
    return { ...pane, canvas, pen: canvas.getContext("2d") };
  });

  // Decodes a picture beside the page's own work: what is only drawn as an image is decoded while the page waits for it.
  async function decode(uri) {
    const [head, text] = uri.split(",");
    if (window.createImageBitmap) {
      const letters = atob(text), bytes = new Uint8Array(letters.length);
      for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
      return createImageBitmap(new Blob([bytes], { type: head.slice(5, head.indexOf(";")) })); // after "data:"
    }
    const image = new Image();
    image.src = uri;
    await image.decode();
    return image;
  }

  function forget([uri, held]) {
    decoded.delete(uri);
    if (held.image && held.image.close) held.image.close();
    held.isGone = true;
  }

  // A picture once it is decoded, else null; one that cannot be is told by its absence.
  function picture(uri) {
    if (!uri) return null;
    const held = decoded.get(uri) || { image: null, isGone: false }, isNew = !decoded.delete(uri);
    decoded.set(uri, held); // the one asked for last stands last
    if (isNew) {
      decode(uri).then((image) => {
        if (held.isGone) { if (image.close) image.close(); return; }
        held.image = image;
        if (missed.delete(uri)) asks();
      }).catch(() => {});
      if (decoded.size > KEPT * panes.length) forget(decoded.entries().next().value);
    }
    return held.image;
  }

  // The same for what is to be drawn now: it is drawn as soon as it is there.
  function wanted(uri) {
    const image = picture(uri);
    if (uri && !image) missed.add(uri);
    return image;
  }

  // Lays a grey picture over the canvas, each grey value in the colour of the table (256 colours, as in the memory of a picture).
  function drawThrough(pane, image, table, opaque) {
    if (layer.width !== image.width) layer.width = image.width;
    if (layer.height !== image.height) layer.height = image.height;
    const pen = layer.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    const pixels = pen.getImageData(0, 0, layer.width, layer.height), values = pixels.data, colours = new Uint32Array(values.buffer);
    for (let i = 0; i < colours.length; i += 1) colours[i] = table[values[4 * i]];
    pen.putImageData(pixels, 0, 0);
    pane.pen.globalAlpha = opaque;
    pane.pen.drawImage(layer, 0, 0, pane.canvas.width, pane.canvas.height);
    pane.pen.globalAlpha = 1;
  }

  // Greys from low to high of what is drawn become black to white, by blending, which is quicker than pixel by pixel: what is below
  // low is raised to it, low is taken away, and the rest divided by (high - low) / 255.
  function stretchGreys({ canvas, pen }, low, high) {
    for (const [blending, grey] of [["lighten", low], ["difference", low], ["color-dodge", 255 - (high - low)]]) {
      pen.globalCompositeOperation = blending;
      pen.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }
    pen.globalCompositeOperation = "source-over";
  }

  function greyTable(low, high) {
    const bytes = new Uint8ClampedArray(1024);
    for (let value = 0; value < 256; value += 1) {
      bytes.fill((255 * (value - low)) / (high - low), 4 * value, 4 * value + 3);
      bytes[4 * value + 3] = 255;
    }
    return new Uint32Array(bytes.buffer);
  }

  function drawGrey(pane, image) {
    const [, low, high] = study.windows[windowChoice.value];
    if (low < 0 || high > 255) { drawThrough(pane, image, greyTable(low, high), 1); return; } // wider than the picture's greys
    pane.pen.drawImage(image, 0, 0, pane.canvas.width, pane.canvas.height);
    if (low > 0 || high < 255) stretchGreys(pane, low, high);
  }

  // Path data of a pane on its canvas.
  function placed(pane, path) {
    const { canvas } = pane, line = new Path2D();
    const place = new DOMMatrix([canvas.width / pane.size[0] / study.units, 0, 0, canvas.height / pane.size[1] / study.units, 0, 0]);
    line.addPath(new Path2D(path), place);
    return line;
  }

  function drawUnsure(pane, index) {
    if (!unsureSwitch || !unsureSwitch.checked || !pane.unsure[index]) return;
    const { canvas, pen } = pane, area = placed(pane, pane.unsure[index]);
    pen.strokeStyle = pen.fillStyle = study.unsure[1];
    pen.lineWidth = canvas.width / 260;
    pen.setLineDash([]);
    pen.globalAlpha = (0.45 * opacity.value) / 100;
    pen.fill(area, "evenodd");
    pen.save();
    pen.clip(area, "evenodd"); // hatched: told from contours and from tissue without its colour
    pen.globalAlpha = opacity.value / 100;
    pen.beginPath();
    for (let x = -canvas.height; x < canvas.width; x += canvas.width / 80) {
      pen.moveTo(x, canvas.height);
      pen.lineTo(x + canvas.height, 0);
    }
    pen.stroke();
    pen.restore();
    pen.globalAlpha = 1;
  }

  // Not faded by the slider: its colours stand for values. Angles grow clockwise from the right, as those of a canvas do.
  function drawRing(pane, index) {
    if (!ringSwitch || !ringSwitch.checked || !pane.rings[index]) return;
    const { canvas, pen } = pane, values = Uint8Array.from(atob(pane.rings[index]), (letter) => letter.charCodeAt(0));
    const { colours, radius } = study.ring, step = (2 * Math.PI) / values.length, last = colours.length - 1;
    const x = canvas.width / 2, y = canvas.height / 2, away = (radius * Math.min(canvas.width, canvas.height)) / 2;
    const arc = (from, to, width, colour) => {
      pen.beginPath();
      pen.arc(x, y, away, (from - 0.5) * step, (to - 0.5) * step);
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    };
    pen.setLineDash([]);
    arc(0, values.length, away / 15, "#0b0e13"); // a dark rim, so that no colour touches the picture's grey
    const colour = (at) => (values[at] === NONE ? null : colours[Math.round((values[at] * last) / (NONE - 1))]);
    for (let from = 0, to; from < values.length; from = to) {
      for (to = from + 1; to < values.length && colour(to) === colour(from);) to += 1;
      if (colour(from)) arc(from, to + (to < values.length && colour(to) ? 0.3 : 0), away / 21, colour(from)); // overlap, or gaps shimmer through
    }
  }

  function drawOutlines(pane, index) {
    const { canvas, pen } = pane, filled = pane.pictures.length === 0;
    for (const [number, path] of Object.entries(pane.outlines[index] || {})) {
      if (!switches[number].checked) continue;
      const [, colour, dashed] = study.outlines[number], line = placed(pane, path);
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = canvas.width / 300;
      pen.setLineDash(dashed ? [canvas.width / 80, canvas.width / 120] : []);
      pen.globalAlpha = filled ? 0.4 : opacity.value / 100;
      if (filled) pen.fill(line, "evenodd");
      pen.stroke(line);
      pen.globalAlpha = 1;
    }
  }

  function drawLetters(pane) {
    const { pen, canvas } = pane, size = canvas.width / 22;
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
      pen.strokeText(letter, x * canvas.width, y * canvas.height);
      pen.fillText(letter, x * canvas.width, y * canvas.height);
    });
  }

  function drawPane(pane, index) {
    const image = wanted(pane.pictures[index]);
    if (pane.pictures[index] && !image) return false;
    pane.pen.fillStyle = "#0b0e13";
    pane.pen.fillRect(0, 0, pane.canvas.width, pane.canvas.height);
    if (image) drawGrey(pane, image);
    const heats = heatChoice && heatChoice.value !== "" ? pane.heat[heatChoice.value] : null, hot = heats && wanted(heats[index]);
    if (hot) drawThrough(pane, hot, ramp, opacity.value / 100);
    drawUnsure(pane, index);
    drawOutlines(pane, index);
    drawRing(pane, index);
    drawLetters(pane);
    return true;
  }

  return {
    canvases: panes.map((pane) => pane.canvas),
    switches,
    // Draws all panes, and tells whether all pictures were there.
    draw: (index) => {
      missed.clear();
      return panes.map((pane) => drawPane(pane, index)).every(Boolean);
    },
    fetch: (index) => panes.forEach((pane) => picture(pane.pictures[index])),
  };
}
