<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ja_JP" sourcelanguage="en">
    <context>
        <name>DICOMCoronaryOCTPlugin</name>
        <message>
            <source>Coronary OCT pullback</source>
            <translation>冠動脈OCTプルバック</translation>
        </message>
        <message>
            <source>OCT pullback</source>
            <translation>OCTプルバック</translation>
        </message>
        <message>
            <source>The pullback could not be loaded.</source>
            <translation>プルバックを読み込めませんでした。</translation>
        </message>
        <message>
            <source>{count} frames, read as an OCT pullback: grey, overlays removed, with its spacing</source>
            <translation>{count}フレーム、OCTプルバックとして読み込み: グレー、重畳表示を除去、間隔付き</translation>
        </message>
    </context>
    <context>
        <name>DICOMHeadCTPlugin</name>
        <message>
            <source>Head CT</source>
            <translation>頭部CT</translation>
        </message>
        <message>
            <source>The head CT could not be loaded.</source>
            <translation>頭部CTを読み込めませんでした。</translation>
        </message>
        <message>
            <source>The series says that contrast agent was given.</source>
            <translation>造影剤使用の記載あり。</translation>
        </message>
        <message>
            <source>{count} files, read as a head CT in HU; a gantry tilt and uneven slice distances are corrected</source>
            <translation>{count}ファイル、HUの頭部CTとして読み込み。ガントリ傾斜と不均一なスライス間隔は補正</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkers</name>
        <message>
            <source> HU</source>
            <translation> HU</translation>
        </message>
        <message>
            <source> h</source>
            <translation> h</translation>
        </message>
        <message>
            <source> mm</source>
            <translation> mm</translation>
        </message>
        <message>
            <source>&amp;Apply</source>
            <translation>適用(&amp;A)</translation>
        </message>
        <message>
            <source>&amp;CT:</source>
            <translation>CT(&amp;C):</translation>
        </message>
        <message>
            <source>&amp;Earlier CT:</source>
            <translation>前回CT(&amp;E):</translation>
        </message>
        <message>
            <source>&amp;Fill between slices</source>
            <translation>スライス間を補間(&amp;F)</translation>
        </message>
        <message>
            <source>&amp;Heat map</source>
            <translation>ヒートマップ(&amp;H)</translation>
        </message>
        <message>
            <source>&amp;Model:</source>
            <translation>モデル(&amp;M):</translation>
        </message>
        <message>
            <source>&amp;Slices (percent by the network):</source>
            <translation>スライス（AIの確率％）(&amp;S):</translation>
        </message>
        <message>
            <source>&amp;Window:</source>
            <translation>ウィンドウ(&amp;W):</translation>
        </message>
        <message>
            <source>+</source>
            <translation>+</translation>
        </message>
        <message>
            <source>A darker part beside a brighter one, with a sharp border between them and 18 HU or more apart. Click: its slice, with the heat map.</source>
            <translation>高吸収部に隣接する低吸収部で、境界明瞭、18 HU以上の差があるもの。クリックで該当スライスをヒートマップ付きで表示。</translation>
        </message>
        <message>
            <source>A darker part enclosed in the hematoma. Click: its slice, with the heat map.</source>
            <translation>血腫内に囲まれた低吸収部。クリックで該当スライスをヒートマップ付きで表示。</translation>
        </message>
        <message>
            <source>A folder of studies to read one after the other, alone or with others.</source>
            <translation>フォルダ内の検査を、1人または複数人で順に読影する。</translation>
        </message>
        <message>
            <source>A horizontal border between darker blood above and brighter blood below. Click: its slice, with the heat map.</source>
            <translation>上の低吸収部と下の高吸収部の間の水平な境界。クリックで該当スライスをヒートマップ付きで表示。</translation>
        </message>
        <message>
            <source>ABC/2:</source>
            <translation>ABC/2法:</translation>
        </message>
        <message>
            <source>Add a model: choose the folder of a bundle, for example one that you trained.</source>
            <translation>モデルを追加: バンドルのフォルダ（自分で学習したものなど）を選ぶ。</translation>
        </message>
        <message>
            <source>Agreement...</source>
            <translation>一致度...</translation>
        </message>
        <message>
            <source>An earlier CT of the same patient, to tell whether the hematoma has grown. Leave it empty where there is none.</source>
            <translation>血腫増大を判定するための、同じ患者の前回CT。なければ空欄。</translation>
        </message>
        <message>
            <source>An edge with several bumps or lobes. Click: its slice, with the heat map.</source>
            <translation>複数の突出や分葉のある辺縁。クリックで該当スライスを表示。</translation>
        </message>
        <message>
            <source>Analyze the waiting</source>
            <translation>未解析を解析</translation>
        </message>
        <message>
            <source>Analyze the waiting studies with the model chosen below, one after the other, while you edit.</source>
            <translation>編集中に、未解析の検査を下で選んだモデルで順に解析する。</translation>
        </message>
        <message>
            <source>B&amp;y hand</source>
            <translation>手動(&amp;Y)</translation>
        </message>
        <message>
            <source>Begin without a model: mark and draw the hematoma yourself; the numbers follow.</source>
            <translation>モデルを使わずに始める。血腫を自分でマークして描くと、数値に反映される。</translation>
        </message>
        <message>
            <source>Blend sign</source>
            <translation>blend sign</translation>
        </message>
        <message>
            <source>Blend sign:</source>
            <translation>blend sign:</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>キャンセル</translation>
        </message>
        <message>
            <source>Change of the volume since the earlier CT.</source>
            <translation>前回CTからの体積変化。</translation>
        </message>
        <message>
            <source>Choose another earlier CT: it is the CT itself</source>
            <translation>別の前回CTを選択: 今回のCTと同じです</translation>
        </message>
        <message>
            <source>Choose folder…</source>
            <translation>フォルダを選択…</translation>
        </message>
        <message>
            <source>Click into the middle of a hematoma; it is found by its density, kept off bone and brain, on all slices that it reaches (key C).</source>
            <translation>血腫の中央をクリックすると、骨と脳を避け、濃度により全スライスの血腫を抽出する（Cキー）。</translation>
        </message>
        <message>
            <source>Compare the readers of this list with each other and with the model: a table of studies and slices.</source>
            <translation>この一覧の読影者どうし、および読影者とモデルを比較する。検査ごと、スライスごとの表が開く。</translation>
        </message>
        <message>
            <source>Correct the contour, review slice by slice, export.</source>
            <translation>輪郭を修正し、スライスごとに確認して、エクスポートする。</translation>
        </message>
        <message>
            <source>Correct the contour; the numbers follow.</source>
            <translation>輪郭を修正すると数値に反映される。</translation>
        </message>
        <message>
            <source>Details</source>
            <translation>詳細</translation>
        </message>
        <message>
            <source>Distance of neighbouring pixels of a slice.</source>
            <translation>スライス内の画素の間隔。</translation>
        </message>
        <message>
            <source>Distance of neighbouring pixels of a slice; about 0.45 mm in head CT.</source>
            <translation>スライス内の画素の間隔。頭部CTでは約0.45 mm。</translation>
        </message>
        <message>
            <source>Distance of neighbouring slices.</source>
            <translation>スライスの間隔。</translation>
        </message>
        <message>
            <source>Distance of neighbouring slices; 0.5 to 6 mm in head CT.</source>
            <translation>スライスの間隔。頭部CTでは0.5〜6 mm。</translation>
        </message>
        <message>
            <source>Draw in the slice views what the network holds for possible blood and is not sure of. It is the network's own, also after the contour was corrected.</source>
            <translation>AIが血腫の可能性ありとしたが確信のない領域を断面表示に描く。輪郭を修正した後もAI自身の判断のまま。</translation>
        </message>
        <message>
            <source>Edit</source>
            <translation>編集</translation>
        </message>
        <message>
            <source>Edited: volumes, evidence and triage follow your contour; the probabilities are those of the model's own contour.</source>
            <translation>編集済み: 体積・計測所見・判定は修正後の輪郭によるが、確率はモデル自身の輪郭のもの。</translation>
        </message>
        <message>
            <source>End the reading; earlier results stay as they are.</source>
            <translation>解析を中止する。以前の結果はそのまま残る。</translation>
        </message>
        <message>
            <source>Every slice with hematoma area and the network's probability of each marker.</source>
            <translation>全スライスの血腫面積と、各マーカーのAIの確率。</translation>
        </message>
        <message>
            <source>Every slice: area of the hematoma, the network's probability of each marker, whether you reviewed it. A click shows the slice.</source>
            <translation>全スライスの血腫面積、各マーカーのAIの確率、確認の有無。クリックでスライスを表示。</translation>
        </message>
        <message>
            <source>Export for trainin&amp;g…</source>
            <translation>学習用にエクスポート(&amp;G)…</translation>
        </message>
        <message>
            <source>Fill the slices between those that hold a contour of the chosen segment.</source>
            <translation>選んだセグメントの輪郭があるスライスの間を補間する。</translation>
        </message>
        <message>
            <source>Finds intracerebral haemorrhage on a head CT without contrast, measures it, tells the four markers of growth with their evidence, compares with an earlier CT, and says whether to refer. Not a medical device.</source>
            <translation>単純頭部CTの脳内出血を検出・計測し、4つの増大マーカーとその所見を示し、前回CTと比較して、至急紹介の要否を示す。医療機器ではない。</translation>
        </message>
        <message>
            <source>Fine-tune the chosen model on exported cases in the background. The model stays; a new one is made beside it, with what it gained.</source>
            <translation>選択中のモデルを、エクスポートした症例で追加学習する（バックグラウンド）。元のモデルは残り、効果を示した新しいモデルが別に作られる。</translation>
        </message>
        <message>
            <source>Fluid level</source>
            <translation>液面形成</translation>
        </message>
        <message>
            <source>Fluid level:</source>
            <translation>液面形成:</translation>
        </message>
        <message>
            <source>Go to the next slice that is not ticked as reviewed.</source>
            <translation>確認済みでない次のスライスへ移動。</translation>
        </message>
        <message>
            <source>Go to the slice above.</source>
            <translation>上のスライスへ移動。</translation>
        </message>
        <message>
            <source>Go to the slice below.</source>
            <translation>下のスライスへ移動。</translation>
        </message>
        <message>
            <source>Go to the slice that is not ticked and on which most depends, as the report names those to check first (key U).</source>
            <translation>未確認のうち、レポートの「優先して確認」で最も影響の大きいスライスへ移動する（Uキー）。</translation>
        </message>
        <message>
            <source>Growth is told from the earlier CT to the CT. If you choose them the wrong way round, growth becomes shrinking.</source>
            <translation>増大は前回CTから今回CTへの変化として示す。逆に選ぶと増大が縮小になる。</translation>
        </message>
        <message>
            <source>Growth since the earlier CT.</source>
            <translation>前回CTからの増大。</translation>
        </message>
        <message>
            <source>HU that are black for the network (a).</source>
            <translation>AIの入力で黒とするHU（a）。</translation>
        </message>
        <message>
            <source>HU that are white for the network (b).</source>
            <translation>AIの入力で白とするHU（b）。</translation>
        </message>
        <message>
            <source>Hematoma Markers</source>
            <translation>Hematoma Markers</translation>
        </message>
        <message>
            <source>Hematoma:</source>
            <translation>血腫:</translation>
        </message>
        <message>
            <source>Hours from the first symptom to the scan, for the BAT score; under 2.5 h the risk of growth is higher.</source>
            <translation>最初の症状から撮影までの時間（BATスコア用）。2.5時間未満では増大のリスクが高い。</translation>
        </message>
        <message>
            <source>How far the fine-tuning is, and what it gained on cases that were left out.</source>
            <translation>追加学習の進み具合と、学習に使わなかった症例での効果。</translation>
        </message>
        <message>
            <source>How far the reading is.</source>
            <translation>解析の進行状況。</translation>
        </message>
        <message>
            <source>How many slices have been reviewed.</source>
            <translation>確認済みのスライス数。</translation>
        </message>
        <message>
            <source>How strongly the heat map covers the CT.</source>
            <translation>CTに重ねるヒートマップの濃さ。</translation>
        </message>
        <message>
            <source>Hypodensity</source>
            <translation>低吸収域</translation>
        </message>
        <message>
            <source>Hypodensity:</source>
            <translation>低吸収域:</translation>
        </message>
        <message>
            <source>In the ventricles:</source>
            <translation>脳室内:</translation>
        </message>
        <message>
            <source>Input</source>
            <translation>入力</translation>
        </message>
        <message>
            <source>Irregular margin</source>
            <translation>不整形</translation>
        </message>
        <message>
            <source>Irregular margin:</source>
            <translation>不整形:</translation>
        </message>
        <message>
            <source>Keep edit</source>
            <translation>編集を保存</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view beside the data; it is kept, too, when another is opened.</source>
            <translation>表示中の検査の編集をデータと同じ場所に保存する。別の検査を開くときにも保存される。</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view, and open the next one to be read (key Shift+W).</source>
            <translation>表示中の検査の編集を保存し、次に読影する検査を開く（Shift+Wキー）。</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view, and open the one that is selected.</source>
            <translation>表示中の検査の編集を保存し、選択した検査を開く。</translation>
        </message>
        <message>
            <source>L&amp;ocation:</source>
            <translation>部位(&amp;O):</translation>
        </message>
        <message>
            <source>Learn from these...</source>
            <translation>これらから学習...</translation>
        </message>
        <message>
            <source>Lesion Reading</source>
            <translation>Lesion Reading</translation>
        </message>
        <message>
            <source>Let the key N go to the uncertain slices first, else by their numbers.</source>
            <translation>Nキーで、不確かなスライスから先に移動する。オフなら番号順。</translation>
        </message>
        <message>
            <source>Mark by a click</source>
            <translation>クリックでマーク</translation>
        </message>
        <message>
            <source>Name the folder that holds the studies, each in a file or folder.</source>
            <translation>検査をファイルまたはフォルダごとに含むフォルダを指定する。</translation>
        </message>
        <message>
            <source>Ne&amp;xt →</source>
            <translation>次へ(&amp;X) →</translation>
        </message>
        <message>
            <source>Next &amp;unreviewed</source>
            <translation>次の未確認(&amp;U)</translation>
        </message>
        <message>
            <source>Next study</source>
            <translation>次の検査</translation>
        </message>
        <message>
            <source>Next uncertain</source>
            <translation>次の要確認</translation>
        </message>
        <message>
            <source>O&amp;nset to CT:</source>
            <translation>発症からCT(&amp;N):</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>開く</translation>
        </message>
        <message>
            <source>Open the folder of this model, with its model card.</source>
            <translation>このモデルのフォルダ（モデルカードあり）を開く。</translation>
        </message>
        <message>
            <source>P&amp;ixel:</source>
            <translation>画素(&amp;I):</translation>
        </message>
        <message>
            <source>Part of the extension LesionReading.</source>
            <translation>拡張機能LesionReadingの一部。</translation>
        </message>
        <message>
            <source>Re&amp;viewed</source>
            <translation>確認済み(&amp;V)</translation>
        </message>
        <message>
            <source>Read a CT that was refused because it may not be a plain head CT. Doubt its result.</source>
            <translation>単純頭部CTでない可能性のため拒否されたCTを解析する。結果は慎重に扱うこと。</translation>
        </message>
        <message>
            <source>Read it all the same</source>
            <translation>このまま解析</translation>
        </message>
        <message>
            <source>Read the CT: find the hematoma and its markers.</source>
            <translation>CTを解析し、血腫とマーカーを検出する。</translation>
        </message>
        <message>
            <source>Remove this model from the list and from the disk. Only models that you added can be removed.</source>
            <translation>このモデルを一覧とディスクから削除する。削除できるのは自分で追加したモデルのみ。</translation>
        </message>
        <message>
            <source>Results</source>
            <translation>結果</translation>
        </message>
        <message>
            <source>Reviewed up to here</source>
            <translation>ここまで確認済み</translation>
        </message>
        <message>
            <source>Reviewed, next</source>
            <translation>確認して次へ</translation>
        </message>
        <message>
            <source>S&amp;lice:</source>
            <translation>スライス(&amp;L):</translation>
        </message>
        <message>
            <source>Save repor&amp;t…</source>
            <translation>レポートを保存(&amp;T)…</translation>
        </message>
        <message>
            <source>Save the report of the reading as one HTML file. It tells what the model found, before any edit.</source>
            <translation>解析レポートを1つのHTMLファイルとして保存する。編集前のモデルの結果を記載。</translation>
        </message>
        <message>
            <source>Show the CT and the earlier one beside each other, the heads laid over each other, at the same place.</source>
            <translation>今回と前回のCTを位置合わせし、同じ位置を並べて表示する。</translation>
        </message>
        <message>
            <source>Show the heat map of the chosen marker over the CT: what speaks for it (Grad-CAM).</source>
            <translation>選んだマーカーのヒートマップ（Grad-CAM、判断の根拠）をCTに重ねて表示する。</translation>
        </message>
        <message>
            <source>Side &amp;by side</source>
            <translation>並べて表示(&amp;B)</translation>
        </message>
        <message>
            <source>Size and spacing of the CT, where they came from, and what was changed when it was loaded.</source>
            <translation>CTの大きさと間隔、その出典、読み込み時の変更点。</translation>
        </message>
        <message>
            <source>The CT does not say how large its voxels are: type their size to go on.</source>
            <translation>CTにボクセルの大きさの記載がありません。入力してください。</translation>
        </message>
        <message>
            <source>The bedside formula: length x width x height / 2.</source>
            <translation>ベッドサイドの簡易式: 長径 × 短径 × 高さ ÷ 2。</translation>
        </message>
        <message>
            <source>The contour of the slice on view is right: tick it and go to the next one that is not ticked (key N).</source>
            <translation>表示中のスライスの輪郭は正しい: 確認済みとし、次の未確認へ移動（Nキー）。</translation>
        </message>
        <message>
            <source>The earlier CT has no spacing: choose it as CT first and set its spacing</source>
            <translation>前回CTに間隔の記載がありません。先にCTとして選び、間隔を設定してください</translation>
        </message>
        <message>
            <source>The head CT to read: without contrast, in HU.</source>
            <translation>解析する頭部CT（単純、HU）。</translation>
        </message>
        <message>
            <source>The network is not asked again after an edit.</source>
            <translation>編集後にAIは再実行しない。</translation>
        </message>
        <message>
            <source>The network that reads the scan: shipped with this extension, or your own training.</source>
            <translation>解析に用いるモデル: 付属のもの、または自分で学習したもの。</translation>
        </message>
        <message>
            <source>The network that reads the scan: the shipped one, or one that you trained or were given.</source>
            <translation>解析に用いるモデル: 付属のもの、または自分で学習したもの・入手したもの。</translation>
        </message>
        <message>
            <source>The order of the two scans is your choice: volumes carry no date.</source>
            <translation>2つの画像の順序は自分で選ぶ。ボリュームに日時の情報はない。</translation>
        </message>
        <message>
            <source>The result could not be shown.</source>
            <translation>結果を表示できませんでした。</translation>
        </message>
        <message>
            <source>The second end of the window must be above the first</source>
            <translation>ウィンドウの2番目の値は1番目より大きくしてください</translation>
        </message>
        <message>
            <source>The studies of the folder and how far each is. Double-click one to open it.</source>
            <translation>フォルダ内の検査とその進み具合。ダブルクリックで開く。</translation>
        </message>
        <message>
            <source>Tick all slices from the last ticked one to the one on view: you have looked at them and they are right (key Shift+N).</source>
            <translation>最後の確認済みスライスから表示中のスライスまでを確認済みにする（Shift+Nキー）。</translation>
        </message>
        <message>
            <source>Tick when the contour of the slice on view is right.</source>
            <translation>表示中のスライスの輪郭が正しければチェックする。</translation>
        </message>
        <message>
            <source>Uncertain first</source>
            <translation>不確かなものから</translation>
        </message>
        <message>
            <source>Use this spacing</source>
            <translation>この間隔を使用</translation>
        </message>
        <message>
            <source>Verdict of the network, and what was measured on the scan.</source>
            <translation>AIの判定と、画像での計測結果。</translation>
        </message>
        <message>
            <source>Volume of the blood in the ventricles, by counting voxels.</source>
            <translation>脳室内出血の体積（ボクセル法）。</translation>
        </message>
        <message>
            <source>Volume of the hematoma, by counting voxels.</source>
            <translation>血腫の体積（ボクセル法）。</translation>
        </message>
        <message>
            <source>Volume of the hematoma, by counting voxels; in brackets its 90 % range by the network's own scores (the model card tells how often such ranges held the truth).</source>
            <translation>血腫の体積（ボクセル法）。括弧内はAI自身のスコアによる90％範囲（真値が含まれた割合はモデルカードに記載）。</translation>
        </message>
        <message>
            <source>What became of the last study, or why one could not be opened.</source>
            <translation>直前の検査の結果、または開けなかった理由。</translation>
        </message>
        <message>
            <source>What is being done, or why it could not be done.</source>
            <translation>処理の状況、または実行できない理由。</translation>
        </message>
        <message>
            <source>What is not known</source>
            <translation>不明な点</translation>
        </message>
        <message>
            <source>What is read, and how.</source>
            <translation>解析する画像とその条件。</translation>
        </message>
        <message>
            <source>What the marking waits for, or why nothing was marked.</source>
            <translation>マークの次の操作、またはマークできなかった理由。</translation>
        </message>
        <message>
            <source>What the model is and how good it was when it was tested.</source>
            <translation>モデルの概要と、テストでの成績。</translation>
        </message>
        <message>
            <source>What the reading reported, for whoever helps you.</source>
            <translation>解析時の記録（サポート用）。</translation>
        </message>
        <message>
            <source>What this reading cannot tell, and what would help.</source>
            <translation>この解析で分からないことと、その補い方。</translation>
        </message>
        <message>
            <source>What to do, by the rule that is shown as tool tip of the reasons.</source>
            <translation>対応（基準は理由のツールチップに表示）。</translation>
        </message>
        <message>
            <source>What was found.</source>
            <translation>所見。</translation>
        </message>
        <message>
            <source>What was read, its spacing and the model; open Input to change them.</source>
            <translation>解析した画像とその間隔、モデル。変更は「入力」で行う。</translation>
        </message>
        <message>
            <source>What you yourself say about this marker, for training: blend sign.</source>
            <translation>学習用: blend signについての自分の判断。</translation>
        </message>
        <message>
            <source>What you yourself say about this marker, for training: fluid level.</source>
            <translation>学習用: 液面形成についての自分の判断。</translation>
        </message>
        <message>
            <source>What you yourself say about this marker, for training: hypodensity.</source>
            <translation>学習用: 低吸収域についての自分の判断。</translation>
        </message>
        <message>
            <source>What you yourself say about this marker, for training: irregular margin.</source>
            <translation>学習用: 不整形についての自分の判断。</translation>
        </message>
        <message>
            <source>Where it is &amp;unsure</source>
            <translation>不確かな領域(&amp;U)</translation>
        </message>
        <message>
            <source>Where the hematoma lies, as you see it. In the cerebellum and the brainstem smaller ones are a reason to refer.</source>
            <translation>血腫の部位（自分の判断）。小脳と脳幹ではより小さい血腫でも紹介の対象となる。</translation>
        </message>
        <message>
            <source>Whether the change counts as growth, by the two definitions in use, and whether it may be an error of measurement.</source>
            <translation>変化が増大にあたるか（2つの定義による）、計測誤差の可能性があるか。</translation>
        </message>
        <message>
            <source>Which HU are black and white for the network: by name, as institutions use them, or your own two ends.</source>
            <translation>AIの入力で黒と白にするHU。施設で用いる名前か、両端の値で指定。</translation>
        </message>
        <message>
            <source>Why.</source>
            <translation>理由。</translation>
        </message>
        <message>
            <source>Worklist</source>
            <translation>ワークリスト</translation>
        </message>
        <message>
            <source>Write the CT, the contour, the reviewed slices and your reading as a case for training: no names, no dates, no who or when.</source>
            <translation>CT、輪郭、確認済みスライス、自分の読影を学習用の症例としてエクスポートする。氏名、日時、作業者は含まない。</translation>
        </message>
        <message>
            <source>Write the typed spacing into the volume. Where it came from is kept with it.</source>
            <translation>入力した間隔をボリュームに書き込む。出典も記録される。</translation>
        </message>
        <message>
            <source>Your name</source>
            <translation>お名前</translation>
        </message>
        <message>
            <source>Your name, by which others on the same disk see who edits a study. It stays on this machine and beside the data.</source>
            <translation>検査を編集中の人として、同じディスクを使う人に表示される名前。このコンピュータと、データと同じ場所にのみ保存される。</translation>
        </message>
        <message>
            <source>Your own reading of the markers goes with the exported case; what you did not read is left out.</source>
            <translation>マーカーについての自分の判断は、エクスポートする症例に含まれる。未判定のものは含まれない。</translation>
        </message>
        <message>
            <source>Your reading</source>
            <translation>自分の読影</translation>
        </message>
        <message>
            <source>absent</source>
            <translation>なし</translation>
        </message>
        <message>
            <source>not known</source>
            <translation>不明</translation>
        </message>
        <message>
            <source>not read</source>
            <translation>未判定</translation>
        </message>
        <message>
            <source>present</source>
            <translation>あり</translation>
        </message>
        <message>
            <source>type it</source>
            <translation>入力</translation>
        </message>
        <message>
            <source>…</source>
            <translation>…</translation>
        </message>
        <message>
            <source>← &amp;Previous</source>
            <translation>← 前へ(&amp;P)</translation>
        </message>
        <message>
            <source>−</source>
            <translation>−</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.gain_text</name>
        <message>
            <source>All hematomas are of one case: what the new model gained cannot be measured, and no gain is promised.</source>
            <translation>血腫のある症例が1例のみのため、新しいモデルの効果は測定できず、改善は保証できません。</translation>
        </message>
        <message>
            <source>In heads without blood {after:.1f} mL were marked, before {before:.1f}.</source>
            <translation>出血のない頭部での偽陽性は{after:.1f} mL（学習前 {before:.1f} mL）。</translation>
        </message>
        <message>
            <source>On {heads} heads with a hematoma, each read by a model that has not seen it: mean Dice {after:.2f}, before {before:.2f}; volume off by {off_after:.1f} mL, before {off_before:.1f}; missed {missed_after}, before {missed_before}.</source>
            <translation>血腫のある頭部{heads}例を、その症例を学習していないモデルで評価: 平均Dice {after:.2f}（学習前 {before:.2f}）、体積の誤差 {off_after:.1f} mL（学習前 {off_before:.1f} mL）、見落とし {missed_after}例（学習前 {missed_before}例）。</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.hematoma_tool</name>
        <message>
            <source>Click into the middle of the hematoma.</source>
            <translation>血腫の中央をクリックしてください。</translation>
        </message>
        <message>
            <source>Inside the hematoma</source>
            <translation>血腫の内部</translation>
        </message>
        <message>
            <source>Marked on {count} slices; correct it below, or undo it.</source>
            <translation>{count}スライスにマークしました。下で修正するか、元に戻してください。</translation>
        </message>
        <message>
            <source>Press Mark by a click, then click into the middle of the hematoma.</source>
            <translation>「クリックでマーク」を押し、血腫の中央をクリックしてください。</translation>
        </message>
        <message>
            <source>That point lies beside the CT; click into the middle of the hematoma.</source>
            <translation>その点はCTの外です。血腫の中央をクリックしてください。</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.input_choices</name>
        <message>
            <source>not known</source>
            <translation>不明</translation>
        </message>
        <message>
            <source>own</source>
            <translation>任意</translation>
        </message>
        <message>
            <source>{name} ({low:g} to {high:g} HU)</source>
            <translation>{name}（{low:g}〜{high:g} HU）</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.report_inputs</name>
        <message>
            <source>A heat map of this result was removed; read the CT again.</source>
            <translation>この結果のヒートマップが削除されました。CTを再度解析してください。</translation>
        </message>
        <message>
            <source>Where the network is unsure was removed from this result; read the CT again.</source>
            <translation>この結果から不確かな領域が削除されました。CTを再度解析してください。</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.sample_data</name>
        <message>
            <source>LesionReading</source>
            <translation>LesionReading</translation>
        </message>
        <message>
            <source>The phantom could not be drawn.</source>
            <translation>ファントムを作成できませんでした。</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.scan_results</name>
        <message>
            <source>The CT was removed while it was analyzed; load it again.</source>
            <translation>解析中に CT が削除されました。もう一度読み込んでください。</translation>
        </message>
        <message>
            <source>hematoma (mm2)</source>
            <translation>血腫（mm²）</translation>
        </message>
        <message>
            <source>in the ventricles (mm2)</source>
            <translation>脳室内（mm²）</translation>
        </message>
        <message>
            <source>probability of {marker}</source>
            <translation>{marker}の確率</translation>
        </message>
        <message>
            <source>reviewed</source>
            <translation>確認済み</translation>
        </message>
        <message>
            <source>slice</source>
            <translation>スライス</translation>
        </message>
        <message>
            <source>{name} hematoma</source>
            <translation>{name} 血腫</translation>
        </message>
        <message>
            <source>{name} slices</source>
            <translation>{name} スライス</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.self_test</name>
        <message>
            <source>Drawing a phantom</source>
            <translation>ファントムの作成</translation>
        </message>
        <message>
            <source>Editing it</source>
            <translation>編集</translation>
        </message>
        <message>
            <source>Marking, reviewing, the worklist</source>
            <translation>マーク、確認、ワークリスト</translation>
        </message>
        <message>
            <source>Reading it</source>
            <translation>解析</translation>
        </message>
        <message>
            <source>Test passed</source>
            <translation>テスト合格</translation>
        </message>
    </context>
    <context>
        <name>HematomaMarkersPanel.studies</name>
        <message>
            <source>Head CT</source>
            <translation>頭部CT</translation>
        </message>
        <message>
            <source>Slice</source>
            <translation>スライス</translation>
        </message>
    </context>
    <context>
        <name>LesionReading</name>
        <message>
            <source>LesionReading</source>
            <translation>LesionReading</translation>
        </message>
        <message>
            <source>What the modules OCTCalcium and HematomaMarkers share; it has no panel of its own.</source>
            <translation>モジュールOCTCalciumとHematomaMarkersの共有部分。単独のパネルはない。</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.__init__</name>
        <message>
            <source>en</source>
            <translation>ja</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.dependencies</name>
        <message>
            <source>Fine-tuning needs Python packages that are missing; start it again to install them.</source>
            <translation>追加学習に必要なPythonパッケージがありません。もう一度開始してインストールしてください。</translation>
        </message>
        <message>
            <source>PyTorch is missing, and without it nothing can be analyzed; press Apply again to install it.</source>
            <translation>PyTorchがなく解析できません。もう一度「適用」を押してインストールしてください。</translation>
        </message>
        <message>
            <source>PyTorch is no longer made for Macs with an Intel processor; use another computer.</source>
            <translation>Intelプロセッサ搭載のMac用PyTorchは提供が終了しました。別のコンピュータを使用してください。</translation>
        </message>
        <message>
            <source>Python packages are missing, and without them nothing can be analyzed; press Apply again.</source>
            <translation>Pythonパッケージが不足しており解析できません。もう一度「適用」を押してください。</translation>
        </message>
        <message>
            <source>Python packages could not be installed; check that this computer is connected to the internet and try again. Slicer's log (Help &gt; Report a Bug) has the details.</source>
            <translation>Pythonパッケージをインストールできませんでした。インターネット接続を確認し、もう一度試してください。詳細はSlicerのログ（Help &gt; Report a Bug）にあります。</translation>
        </message>
        <message>
            <source>The PyTorch extension is missing; install it in the Extensions Manager, restart Slicer and press Apply again.</source>
            <translation>PyTorch拡張機能がありません。Extensions Managerでインストールし、Slicerを再起動してもう一度「適用」を押してください。</translation>
        </message>
        <message>
            <source>The Python package {name}, which an earlier version of LesionReading installed, makes Slicer crash when it is closed. LesionReading does not need it any more. Remove it? (Answer no if another extension of yours needs it.)</source>
            <translation>以前の版のLesionReadingがインストールしたPythonパッケージ {name} により、Slicerの終了時にクラッシュします。現在のLesionReadingには不要です。削除しますか？（他の拡張機能で必要な場合は「いいえ」を選んでください。）</translation>
        </message>
        <message>
            <source>{name} could not be removed; type in the Python console: {command}</source>
            <translation>{name} を削除できませんでした。Pythonコンソールに入力してください: {command}</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.help</name>
        <message>
            <source>First steps, in ten minutes</source>
            <translation>10分で分かる最初の一歩</translation>
        </message>
        <message>
            <source>Keys while Edit is open: N the labels are right, tick and go on; Shift+N tick everything up to here; U the most uncertain one; comma and full stop one back and one forward; C mark by clicks.</source>
            <translation>「編集」を開いている間のキー：N はラベルが正しいとして確認済みにし次へ進む、Shift+N はここまで確認済みにする、U は最も不確かなものへ、コンマとピリオドは一つ前と一つ後ろへ、C はクリックで印を付ける。</translation>
        </message>
        <message>
            <source>While Worklist is open: Shift+W the next study.</source>
            <translation>「ワークリスト」を開いている間：Shift+W は次の検査へ。</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.model_selector</name>
        <message>
            <source>Choose the folder of a model (MONAI bundle)</source>
            <translation>モデル（MONAIバンドル）のフォルダを選択</translation>
        </message>
        <message>
            <source>Remove the model {name} from this computer?</source>
            <translation>モデル {name} をこのコンピュータから削除しますか？</translation>
        </message>
        <message>
            <source>The model could not be added.</source>
            <translation>モデルを追加できませんでした。</translation>
        </message>
        <message>
            <source>The model could not be removed.</source>
            <translation>モデルを削除できませんでした。</translation>
        </message>
        <message>
            <source>There is no model; add a bundle.</source>
            <translation>モデルがありません。バンドルを追加してください。</translation>
        </message>
        <message>
            <source>You have a model named {name} already; remove it first.</source>
            <translation>{name} という名前のモデルがすでにあります。先に削除してください。</translation>
        </message>
        <message>
            <source>{name} (yours)</source>
            <translation>{name}（自分のモデル）</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.result_widget</name>
        <message>
            <source>Choose a folder for the case</source>
            <translation>症例のフォルダを選択</translation>
        </message>
        <message>
            <source>Drawing could not be begun.</source>
            <translation>描画を始められませんでした。</translation>
        </message>
        <message>
            <source>Exported to {folder}</source>
            <translation>{folder} にエクスポートしました</translation>
        </message>
        <message>
            <source>The case could not be exported.</source>
            <translation>症例をエクスポートできませんでした。</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.self_test</name>
        <message>
            <source>Press Apply once in this module, which installs what is missing: {names}</source>
            <translation>このモジュールで一度「適用」を押してください。不足しているもの（{names}）がインストールされます</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.spacing_box</name>
        <message>
            <source>Its spacing is not known.</source>
            <translation>間隔不明。</translation>
        </message>
        <message>
            <source>Pixels {pixels} mm, {slices} {frame} mm apart ({source})</source>
            <translation>画素 {pixels} mm、{slices} {frame} mm間隔（{source}）</translation>
        </message>
        <message>
            <source>The spacing could not be set.</source>
            <translation>間隔を設定できませんでした。</translation>
        </message>
        <message>
            <source>{columns} x {rows} pixels, {count} {slices}</source>
            <translation>{columns} × {rows} 画素、{slices} {count}枚</translation>
        </message>
        <message>
            <source>{size}; {row:.4g} mm, {frame:.4g} mm apart</source>
            <translation>{size}、{row:.4g} mm、{frame:.4g} mm間隔</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.unsure_overlay</name>
        <message>
            <source>{name} unsure</source>
            <translation>{name} 不確かな領域</translation>
        </message>
    </context>
    <context>
        <name>LesionReadingPanel.widget</name>
        <message>
            <source>Add a model first</source>
            <translation>先にモデルを追加してください</translation>
        </message>
        <message>
            <source>An analysis is running</source>
            <translation>解析中です</translation>
        </message>
        <message>
            <source>Analyze the input volume and show the results</source>
            <translation>入力ボリュームを解析し、結果を表示する</translation>
        </message>
        <message>
            <source>Select an input volume</source>
            <translation>入力ボリュームを選んでください</translation>
        </message>
        <message>
            <source>Set the spacing of the input volume first</source>
            <translation>先に入力ボリュームの間隔を設定してください</translation>
        </message>
        <message>
            <source>The analysis could not be started.</source>
            <translation>解析を開始できませんでした。</translation>
        </message>
        <message>
            <source>drawn by {used}, Apply takes {chosen}</source>
            <translation>描画は {used}、「適用」では {chosen}</translation>
        </message>
        <message>
            <source>slices</source>
            <translation>スライス</translation>
        </message>
    </context>
    <context>
        <name>OCTCalcium</name>
        <message>
            <source> mm</source>
            <translation> mm</translation>
        </message>
        <message>
            <source>&amp;Apply</source>
            <translation>適用(&amp;A)</translation>
        </message>
        <message>
            <source>&amp;Cancel</source>
            <translation>キャンセル(&amp;C)</translation>
        </message>
        <message>
            <source>&amp;Export for training…</source>
            <translation>学習用にエクスポート(&amp;E)…</translation>
        </message>
        <message>
            <source>&amp;Model:</source>
            <translation>モデル(&amp;M):</translation>
        </message>
        <message>
            <source>&amp;Next →</source>
            <translation>次へ(&amp;N) →</translation>
        </message>
        <message>
            <source>&amp;Pullback:</source>
            <translation>プルバック(&amp;P):</translation>
        </message>
        <message>
            <source>&amp;Save report…</source>
            <translation>レポートを保存(&amp;S)…</translation>
        </message>
        <message>
            <source>&amp;Use this spacing</source>
            <translation>この間隔を使用(&amp;U)</translation>
        </message>
        <message>
            <source>&amp;Volume rendering</source>
            <translation>ボリュームレンダリング(&amp;V)</translation>
        </message>
        <message>
            <source>&amp;Where unsure</source>
            <translation>不確かな領域(&amp;W)</translation>
        </message>
        <message>
            <source>+</source>
            <translation>+</translation>
        </message>
        <message>
            <source>0°</source>
            <translation>0°</translation>
        </message>
        <message>
            <source>180°</source>
            <translation>180°</translation>
        </message>
        <message>
            <source>180° or more</source>
            <translation>180°以上</translation>
        </message>
        <message>
            <source>360°</source>
            <translation>360°</translation>
        </message>
        <message>
            <source>A folder of studies to read one after the other, alone or with others.</source>
            <translation>フォルダ内の検査を、1人または複数人で順に読影する。</translation>
        </message>
        <message>
            <source>Add a model: choose the folder of a bundle, for example one that you trained.</source>
            <translation>モデルを追加: バンドルのフォルダ（自分で学習したものなど）を選ぶ。</translation>
        </message>
        <message>
            <source>Agreement...</source>
            <translation>一致度...</translation>
        </message>
        <message>
            <source>Analyze the waiting</source>
            <translation>未解析を解析</translation>
        </message>
        <message>
            <source>Analyze the waiting studies with the model chosen below, one after the other, while you edit.</source>
            <translation>編集中に、未解析の検査を下で選んだモデルで順に解析する。</translation>
        </message>
        <message>
            <source>Angle in the frame: 0 is right, 90 is down.</source>
            <translation>フレーム内の角度: 0は右、90は下。</translation>
        </message>
        <message>
            <source>Angle in the frame: 180 is left.</source>
            <translation>フレーム内の角度: 180は左。</translation>
        </message>
        <message>
            <source>Angle in the frame: 360 is right again.</source>
            <translation>フレーム内の角度: 360は再び右。</translation>
        </message>
        <message>
            <source>Arc on t&amp;he frame</source>
            <translation>フレームに角度を表示(&amp;H)</translation>
        </message>
        <message>
            <source>B&amp;y hand</source>
            <translation>手動(&amp;Y)</translation>
        </message>
        <message>
            <source>Begin without a model: mark and draw calcium yourself; the numbers follow.</source>
            <translation>モデルを使わずに始める。石灰化を自分でマークして描くと、数値に反映される。</translation>
        </message>
        <message>
            <source>Between &amp;frames:</source>
            <translation>フレーム間隔(&amp;F):</translation>
        </message>
        <message>
            <source>Between pi&amp;xels:</source>
            <translation>画素間隔(&amp;X):</translation>
        </message>
        <message>
            <source>Calcium</source>
            <translation>石灰化</translation>
        </message>
        <message>
            <source>Calcium score</source>
            <translation>石灰化スコア</translation>
        </message>
        <message>
            <source>Carry on</source>
            <translation>次へ引き継ぐ</translation>
        </message>
        <message>
            <source>Cautions</source>
            <translation>注意事項</translation>
        </message>
        <message>
            <source>Choose folder…</source>
            <translation>フォルダを選択…</translation>
        </message>
        <message>
            <source>Click on both ends of a deposit on the frame on view; its inner and outer border are found between them, without a network (key C).</source>
            <translation>表示中のフレームで石灰化の両端をクリックすると、AIを使わずに内縁と外縁を抽出する（Cキー）。</translation>
        </message>
        <message>
            <source>Compare the readers of this list with each other and with the model: a table of studies and slices.</source>
            <translation>この一覧の読影者どうし、および読影者とモデルを比較する。検査ごと、スライスごとの表が開く。</translation>
        </message>
        <message>
            <source>Correct the labels, tick frames as reviewed, and export them for training.</source>
            <translation>ラベルを修正し、フレームを確認済みにして、学習用にエクスポートする。</translation>
        </message>
        <message>
            <source>Correct the segmentation. The numbers follow at once.</source>
            <translation>セグメンテーションを修正する。数値はすぐに反映される。</translation>
        </message>
        <message>
            <source>Details</source>
            <translation>詳細</translation>
        </message>
        <message>
            <source>Distance between neighbouring frames in mm, for example 0.2: the length of the pullback divided by its number of frames.</source>
            <translation>隣接フレームの間隔（mm、例: 0.2）。プルバックの長さ ÷ フレーム数。</translation>
        </message>
        <message>
            <source>Distance between neighbouring frames in mm.</source>
            <translation>隣接フレームの間隔（mm）。</translation>
        </message>
        <message>
            <source>Distance between neighbouring pixels of a frame in mm, for example 0.0068. The scale bar of the frame gives it: its length in mm divided by its length in pixels.</source>
            <translation>フレーム内の隣接画素の間隔（mm、例: 0.0068）。スケールバーの長さ（mm）÷ 画素数で求まる。</translation>
        </message>
        <message>
            <source>Distance between neighbouring pixels of a frame in mm.</source>
            <translation>フレーム内の隣接画素の間隔（mm）。</translation>
        </message>
        <message>
            <source>Draw in the slice views what the network holds for possible calcium and did not mark. It is the network's own, also after frames were corrected.</source>
            <translation>AIが石灰化の可能性ありとしたが描かなかった領域を断面表示に描く。フレームを修正した後もAI自身の判断のまま。</translation>
        </message>
        <message>
            <source>Draw the arc of the frame on view, with its degrees.</source>
            <translation>表示中のフレームに石灰化の角度を描く。</translation>
        </message>
        <message>
            <source>Edit</source>
            <translation>編集</translation>
        </message>
        <message>
            <source>En-face map of the calcium in the unrolled vessel wall.</source>
            <translation>血管壁を展開した石灰化のen face図。</translation>
        </message>
        <message>
            <source>En-face map: the vessel wall unrolled, frames from left to right, angles from bottom to top; colour is the thickness of the calcium. Grey: hidden by the guidewire. The bar on top marks 180 degrees or more. Click to go to a frame.</source>
            <translation>en face展開図: 血管壁を展開し、フレームは左から右、角度は下から上。色は石灰化の厚さ、灰色はガイドワイヤーによる欠損。上の帯は180°以上。クリックでフレームへ移動。</translation>
        </message>
        <message>
            <source>Fill &amp;between frames</source>
            <translation>フレーム間を補間(&amp;B)</translation>
        </message>
        <message>
            <source>Fill the frames between those that you drew, by the shape of their neighbours.</source>
            <translation>描いたフレームの間を、隣のフレームの形状から補間する。</translation>
        </message>
        <message>
            <source>Finds calcium in coronary OCT pullbacks, measures its volume, its arc and the length over which it reaches 180 degrees or more around the vessel, and lets you correct every frame while the numbers follow. Not a medical device.</source>
            <translation>冠動脈OCTプルバックの石灰化を検出し、体積・角度・180°以上の長さを計測する。各フレームを修正すると数値に反映される。医療機器ではない。</translation>
        </message>
        <message>
            <source>Fine-tune the chosen model on exported cases in the background. The model stays; a new one is made beside it, with what it gained.</source>
            <translation>選択中のモデルを、エクスポートした症例で追加学習する（バックグラウンド）。元のモデルは残り、効果を示した新しいモデルが別に作られる。</translation>
        </message>
        <message>
            <source>Go to the frame before.</source>
            <translation>前のフレームへ移動。</translation>
        </message>
        <message>
            <source>Go to the frame of the largest arc.</source>
            <translation>最大角度のフレームへ移動。</translation>
        </message>
        <message>
            <source>Go to the frame of the minimum lumen area.</source>
            <translation>最小内腔面積のフレームへ移動。</translation>
        </message>
        <message>
            <source>Go to the frame of the thickest calcium.</source>
            <translation>石灰化が最も厚いフレームへ移動。</translation>
        </message>
        <message>
            <source>Go to the frame that is not ticked and on which most depends, as the report names those to check first (key U).</source>
            <translation>未確認のうち、レポートの「優先して確認」で最も影響の大きいフレームへ移動する（Uキー）。</translation>
        </message>
        <message>
            <source>Go to the next frame that is not ticked as reviewed.</source>
            <translation>確認済みでない次のフレームへ移動。</translation>
        </message>
        <message>
            <source>Go to the next frame.</source>
            <translation>次のフレームへ移動。</translation>
        </message>
        <message>
            <source>How far the fine-tuning is, and what it gained on cases that were left out.</source>
            <translation>追加学習の進み具合と、学習に使わなかった症例での効果。</translation>
        </message>
        <message>
            <source>How far the run is.</source>
            <translation>実行の進行状況。</translation>
        </message>
        <message>
            <source>How many frames have been reviewed.</source>
            <translation>確認済みのフレーム数。</translation>
        </message>
        <message>
            <source>Input</source>
            <translation>入力</translation>
        </message>
        <message>
            <source>Keep edit</source>
            <translation>編集を保存</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view beside the data; it is kept, too, when another is opened.</source>
            <translation>表示中の検査の編集をデータと同じ場所に保存する。別の検査を開くときにも保存される。</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view, and open the next one to be read (key Shift+W).</source>
            <translation>表示中の検査の編集を保存し、次に読影する検査を開く（Shift+Wキー）。</translation>
        </message>
        <message>
            <source>Keep the edit of the study on view, and open the one that is selected.</source>
            <translation>表示中の検査の編集を保存し、選択した検査を開く。</translation>
        </message>
        <message>
            <source>Largest arc</source>
            <translation>最大角度</translation>
        </message>
        <message>
            <source>Learn from these...</source>
            <translation>これらから学習...</translation>
        </message>
        <message>
            <source>Length of the stretches whose arc is 180 degrees or more: they keep a stent from expanding.</source>
            <translation>180°以上の区間の長さ: ステントの拡張を妨げる。</translation>
        </message>
        <message>
            <source>Lesion Reading</source>
            <translation>Lesion Reading</translation>
        </message>
        <message>
            <source>Let the key N go to the uncertain frames first, else by their numbers.</source>
            <translation>Nキーで、不確かなフレームから先に移動する。オフなら番号順。</translation>
        </message>
        <message>
            <source>Mark by both ends</source>
            <translation>両端でマーク</translation>
        </message>
        <message>
            <source>Max. &amp;thickness</source>
            <translation>最大厚(&amp;T)</translation>
        </message>
        <message>
            <source>Max. a&amp;rc</source>
            <translation>最大角度(&amp;R)</translation>
        </message>
        <message>
            <source>Min. &amp;lumen</source>
            <translation>最小内腔(&amp;L)</translation>
        </message>
        <message>
            <source>Name the folder that holds the studies, each in a file or folder.</source>
            <translation>検査をファイルまたはフォルダごとに含むフォルダを指定する。</translation>
        </message>
        <message>
            <source>Next study</source>
            <translation>次の検査</translation>
        </message>
        <message>
            <source>Next uncertain</source>
            <translation>次の要確認</translation>
        </message>
        <message>
            <source>Next unreviewe&amp;d</source>
            <translation>次の未確認(&amp;D)</translation>
        </message>
        <message>
            <source>No result yet.</source>
            <translation>結果なし。</translation>
        </message>
        <message>
            <source>OCT Calcium</source>
            <translation>OCT Calcium</translation>
        </message>
        <message>
            <source>OCT calcium score (Fujino 2018) of the worst lesion: 2 points for an arc above 180 degrees, 1 for a thickness above 0.5 mm, 1 for a length above 5 mm.</source>
            <translation>最も重い病変のOCT石灰化スコア（Fujino 2018）: 角度180°超で2点、厚さ0.5 mm超で1点、長さ5 mm超で1点。</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>開く</translation>
        </message>
        <message>
            <source>Open the folder of this model, with its model card.</source>
            <translation>このモデルのフォルダ（モデルカードあり）を開く。</translation>
        </message>
        <message>
            <source>Other way round</source>
            <translation>反対回り</translation>
        </message>
        <message>
            <source>Part of the extension LesionReading.</source>
            <translation>拡張機能LesionReadingの一部。</translation>
        </message>
        <message>
            <source>Remove this model from the list and from the disk. Only models that you added can be removed.</source>
            <translation>このモデルを一覧とディスクから削除する。削除できるのは自分で追加したモデルのみ。</translation>
        </message>
        <message>
            <source>Results</source>
            <translation>結果</translation>
        </message>
        <message>
            <source>Rev&amp;iewed</source>
            <translation>確認済み(&amp;I)</translation>
        </message>
        <message>
            <source>Reviewed up to here</source>
            <translation>ここまで確認済み</translation>
        </message>
        <message>
            <source>Reviewed, next</source>
            <translation>確認して次へ</translation>
        </message>
        <message>
            <source>Segment the pullback and measure its calcium.</source>
            <translation>プルバックをセグメンテーションし、石灰化を計測する。</translation>
        </message>
        <message>
            <source>Show the stacked frames as a volume: calcium coloured, stretches of 180 degrees or more in red.</source>
            <translation>フレームを積層したボリュームを表示: 石灰化を着色し、180°以上の区間は赤。</translation>
        </message>
        <message>
            <source>Size of the pullback, its spacing, and where the spacing came from.</source>
            <translation>プルバックの大きさと間隔、間隔の出典。</translation>
        </message>
        <message>
            <source>Stop the run. The scene stays as it is.</source>
            <translation>実行を中止する。シーンは元のまま残る。</translation>
        </message>
        <message>
            <source>The OCT pullback: a volume whose slices are the frames.</source>
            <translation>OCTプルバック: スライスがフレームに相当するボリューム。</translation>
        </message>
        <message>
            <source>The OCT pullback: a volume whose slices are the frames. Load one with the DICOM module, by dropping files on the window, or from Sample Data.</source>
            <translation>OCTプルバック: スライスがフレームに相当するボリューム。DICOMモジュール、ウィンドウへのドロップ、またはSample Dataから読み込む。</translation>
        </message>
        <message>
            <source>The deposit goes the longer way round the vessel from one end to the other (key X).</source>
            <translation>石灰化は両端の間を長い側で回る（Xキー）。</translation>
        </message>
        <message>
            <source>The deposit is right: take it to the next frame, where it is looked for (key Shift+C).</source>
            <translation>石灰化は正しいので、次のフレームへ引き継いで探す（Shift+Cキー）。</translation>
        </message>
        <message>
            <source>The labels of the frame on view are right: tick it and go to the next one that is not ticked (key N).</source>
            <translation>表示中のフレームのラベルは正しい: 確認済みとし、次の未確認へ移動（Nキー）。</translation>
        </message>
        <message>
            <source>The largest arc of calcium around the vessel. A gap that is the guidewire's shadow counts as calcium where calcium touches the shadow on both sides.</source>
            <translation>血管周囲の石灰化の最大角度。ガイドワイヤー陰影による欠損は、両側の石灰化が陰影に接していれば石灰化とみなす。</translation>
        </message>
        <message>
            <source>The network that made the segmentation, before any edit.</source>
            <translation>セグメンテーションに用いたモデル（編集前）。</translation>
        </message>
        <message>
            <source>The network that segments the frames.</source>
            <translation>フレームのセグメンテーションに用いるモデル。</translation>
        </message>
        <message>
            <source>The network that segments the frames: shipped with this extension, or your own training.</source>
            <translation>フレームのセグメンテーションに用いるモデル: 付属のもの、または自分で学習したもの。</translation>
        </message>
        <message>
            <source>The numbers of each frame. Click a row to go to its frame; the table follows the slice view.</source>
            <translation>各フレームの数値。行をクリックするとフレームへ移動し、表はスライス表示に連動する。</translation>
        </message>
        <message>
            <source>The numbers, the map and the frames of the pullback that is chosen above.</source>
            <translation>上で選んだプルバックの数値、展開図、フレーム。</translation>
        </message>
        <message>
            <source>The pullback and the model.</source>
            <translation>プルバックとモデル。</translation>
        </message>
        <message>
            <source>The pullback does not say how far apart its pixels and frames are.</source>
            <translation>プルバックに画素とフレームの間隔の記載がありません。</translation>
        </message>
        <message>
            <source>The pullback does not say how far apart its pixels and frames are. Type the distances; nothing is guessed.</source>
            <translation>プルバックに画素とフレームの間隔の記載がありません。入力してください。推測は行いません。</translation>
        </message>
        <message>
            <source>The result could not be shown.</source>
            <translation>結果を表示できませんでした。</translation>
        </message>
        <message>
            <source>The studies of the folder and how far each is. Double-click one to open it.</source>
            <translation>フォルダ内の検査とその進み具合。ダブルクリックで開く。</translation>
        </message>
        <message>
            <source>This pullback does not state its spacing. Volumes, areas and lengths need it.</source>
            <translation>このプルバックには間隔の記載がありません。体積・面積・長さの計算に必要です。</translation>
        </message>
        <message>
            <source>Tick all frames from the last ticked one to the one on view: you have looked at them and they are right (key Shift+N).</source>
            <translation>最後の確認済みフレームから表示中のフレームまでを確認済みにする（Shift+Nキー）。</translation>
        </message>
        <message>
            <source>Tick when the labels of the frame on view are right.</source>
            <translation>表示中のフレームのラベルが正しければチェックする。</translation>
        </message>
        <message>
            <source>Uncertain first</source>
            <translation>不確かなものから</translation>
        </message>
        <message>
            <source>Volume of all calcium: labelled voxels times the volume of a voxel.</source>
            <translation>全石灰化の体積: ラベルのボクセル数 × ボクセル体積。</translation>
        </message>
        <message>
            <source>What became of the last study, or why one could not be opened.</source>
            <translation>直前の検査の結果、または開けなかった理由。</translation>
        </message>
        <message>
            <source>What is not known, and why.</source>
            <translation>不明な点とその理由。</translation>
        </message>
        <message>
            <source>What the colours of the map mean.</source>
            <translation>展開図の色の意味。</translation>
        </message>
        <message>
            <source>What the marking waits for, or why nothing was marked.</source>
            <translation>マークの次の操作、またはマークできなかった理由。</translation>
        </message>
        <message>
            <source>What the measurement says, in a sentence.</source>
            <translation>計測結果の要約。</translation>
        </message>
        <message>
            <source>What the model is for and how well it did in its test.</source>
            <translation>モデルの用途とテストでの成績。</translation>
        </message>
        <message>
            <source>What the run is doing, or how it ended.</source>
            <translation>実行の状況、または結果。</translation>
        </message>
        <message>
            <source>What the run reported, for whoever has to find out why it failed.</source>
            <translation>実行時の記録（失敗の原因を調べる人向け）。</translation>
        </message>
        <message>
            <source>What the run reported.</source>
            <translation>実行時の記録。</translation>
        </message>
        <message>
            <source>What to consider before relying on the numbers.</source>
            <translation>数値を用いる前に考慮すること。</translation>
        </message>
        <message>
            <source>What was read, its spacing and the model; open Input to change them.</source>
            <translation>解析した画像とその間隔、モデル。変更は「入力」で行う。</translation>
        </message>
        <message>
            <source>Worklist</source>
            <translation>ワークリスト</translation>
        </message>
        <message>
            <source>Write frames and labels into a folder that the training program takes. No name, no date, nothing about the patient or about you goes with them.</source>
            <translation>フレームとラベルを、学習プログラムが用いるフォルダにエクスポートする。氏名、日付、患者や作業者の情報は含まない。</translation>
        </message>
        <message>
            <source>Write the report, the tables and the pictures of these numbers, as they are now, into a folder.</source>
            <translation>現在の数値のレポート・表・図をフォルダに書き出す。</translation>
        </message>
        <message>
            <source>Write the typed spacing into the volume. Where it came from is kept with it.</source>
            <translation>入力した間隔をボリュームに書き込む。出典も記録される。</translation>
        </message>
        <message>
            <source>Your name</source>
            <translation>お名前</translation>
        </message>
        <message>
            <source>Your name, by which others on the same disk see who edits a study. It stays on this machine and beside the data.</source>
            <translation>検査を編集中の人として、同じディスクを使う人に表示される名前。このコンピュータと、データと同じ場所にのみ保存される。</translation>
        </message>
        <message>
            <source>frames</source>
            <translation>フレーム</translation>
        </message>
        <message>
            <source>not known</source>
            <translation>不明</translation>
        </message>
        <message>
            <source>–</source>
            <translation>–</translation>
        </message>
        <message>
            <source>…</source>
            <translation>…</translation>
        </message>
        <message>
            <source>← Previ&amp;ous</source>
            <translation>← 前へ(&amp;O)</translation>
        </message>
        <message>
            <source>−</source>
            <translation>−</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.deposit_tool</name>
        <message>
            <source>Click on both ends of the deposit, each in the middle of its thickness.</source>
            <translation>石灰化の両端を、それぞれ厚さの中央でクリックしてください。</translation>
        </message>
        <message>
            <source>Drag a point where a border is wrong. Carry on takes the deposit to the next frame.</source>
            <translation>境界が違う所は点をドラッグしてください。「次へ引き継ぐ」で次のフレームへ進みます。</translation>
        </message>
        <message>
            <source>Ends of the deposit</source>
            <translation>石灰化の両端</translation>
        </message>
        <message>
            <source>Marking needs square pixels of known size; set the spacing first.</source>
            <translation>マークには大きさの分かる正方形の画素が必要です。先に間隔を設定してください。</translation>
        </message>
        <message>
            <source>Nothing that is not labelled already was found between these points.</source>
            <translation>この2点の間に、未ラベルの石灰化は見つかりませんでした。</translation>
        </message>
        <message>
            <source>Press Mark, then click on both ends of the deposit.</source>
            <translation>「両端でマーク」を押し、石灰化の両端をクリックしてください。</translation>
        </message>
        <message>
            <source>The frame was edited since; mark the deposit anew.</source>
            <translation>その後フレームが編集されました。石灰化をもう一度マークしてください。</translation>
        </message>
        <message>
            <source>The view shows no frame of the pullback; go to a frame and mark again.</source>
            <translation>ビューにプルバックのフレームがありません。フレームへ移動し、もう一度マークしてください。</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.gain_text</name>
        <message>
            <source>All calcium is of one case: what the new model gained cannot be measured, and no gain is promised.</source>
            <translation>石灰化のある症例が1例のみのため、新しいモデルの効果は測定できず、改善は保証できません。</translation>
        </message>
        <message>
            <source>On {frames} frames with calcium of {patients} cases, each read by a model that has not seen it: mean Dice {after:.2f}, before {before:.2f}; arc off by {arc_after:.0f} degrees, before {arc_before:.0f}.</source>
            <translation>石灰化のある{frames}フレーム（{patients}症例）を、その症例を学習していないモデルで評価: 平均Dice {after:.2f}（学習前 {before:.2f}）、角度の誤差 {arc_after:.0f}°（学習前 {arc_before:.0f}°）。</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.pullback_results</name>
        <message>
            <source>The pullback does not state its spacing; type the distances between its pixels and frames first.</source>
            <translation>プルバックに間隔の記載がありません。先に画素とフレームの間隔を入力してください。</translation>
        </message>
        <message>
            <source>The pullback or its segmentation was removed; analyze the pullback again.</source>
            <translation>プルバックまたはセグメンテーションが削除されました。プルバックを再度解析してください。</translation>
        </message>
        <message>
            <source>The pullback was removed while it was analyzed; load it again.</source>
            <translation>解析中にプルバックが削除されました。再度読み込んでください。</translation>
        </message>
        <message>
            <source>The segmentation {file} cannot be read; analyze the volume again.</source>
            <translation>セグメンテーション {file} を読めません。ボリュームを再度解析してください。</translation>
        </message>
        <message>
            <source>{pullback} calcium</source>
            <translation>{pullback} 石灰化</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.sample_data</name>
        <message>
            <source>Drawing a phantom pullback...</source>
            <translation>ファントムのプルバックを作成中...</translation>
        </message>
        <message>
            <source>LesionReading</source>
            <translation>LesionReading</translation>
        </message>
        <message>
            <source>OCT phantom</source>
            <translation>OCTファントム</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.self_test</name>
        <message>
            <source>Analysing it</source>
            <translation>解析</translation>
        </message>
        <message>
            <source>Drawing a phantom</source>
            <translation>ファントムの作成</translation>
        </message>
        <message>
            <source>Editing a frame</source>
            <translation>フレームの編集</translation>
        </message>
        <message>
            <source>Marking, reviewing, the worklist</source>
            <translation>マーク、確認、ワークリスト</translation>
        </message>
        <message>
            <source>Showing it in the panel</source>
            <translation>パネルでの表示</translation>
        </message>
        <message>
            <source>Test passed</source>
            <translation>テスト合格</translation>
        </message>
    </context>
    <context>
        <name>OCTCalciumPanel.studies</name>
        <message>
            <source>Frame</source>
            <translation>フレーム</translation>
        </message>
        <message>
            <source>OCT pullback</source>
            <translation>OCTプルバック</translation>
        </message>
    </context>
    <context>
        <name>editing.review_bar</name>
        <message>
            <source>{done} of {count} reviewed</source>
            <translation>{count}中{done}を確認済み</translation>
        </message>
    </context>
    <context>
        <name>results.arc_markup</name>
        <message>
            <source>Arc</source>
            <translation>角度</translation>
        </message>
    </context>
    <context>
        <name>results.arc_plot</name>
        <message>
            <source>180 degrees</source>
            <translation>180°</translation>
        </message>
        <message>
            <source>Arc (degrees)</source>
            <translation>角度（°）</translation>
        </message>
        <message>
            <source>Bridged arc</source>
            <translation>補間角度</translation>
        </message>
        <message>
            <source>Calcium arc</source>
            <translation>石灰化角度</translation>
        </message>
        <message>
            <source>Calcium arc along the pullback</source>
            <translation>プルバックに沿った石灰化角度</translation>
        </message>
        <message>
            <source>Frame</source>
            <translation>フレーム</translation>
        </message>
        <message>
            <source>Frame on view</source>
            <translation>表示中のフレーム</translation>
        </message>
        <message>
            <source>OCT calcium by frame</source>
            <translation>OCT石灰化（フレームごと）</translation>
        </message>
        <message>
            <source>OCT frame on view</source>
            <translation>表示中のOCTフレーム</translation>
        </message>
        <message>
            <source>Position (mm)</source>
            <translation>位置（mm）</translation>
        </message>
    </context>
    <context>
        <name>results.enface_map</name>
        <message>
            <source>{patch} 180° or more</source>
            <translation>{patch} 180°以上</translation>
        </message>
        <message>
            <source>{patch} calcium (thickness not known)</source>
            <translation>{patch} 石灰化（厚さ不明）</translation>
        </message>
        <message>
            <source>{patch} hidden by the guidewire</source>
            <translation>{patch} ガイドワイヤーによる欠損</translation>
        </message>
        <message>
            <source>{scale} thickness, 0 to {most:.1f} mm</source>
            <translation>{scale} 厚さ、0〜{most:.1f} mm</translation>
        </message>
    </context>
    <context>
        <name>results.frame_table</name>
        <message>
            <source>Arc
°</source>
            <translation>角度
°</translation>
        </message>
        <message>
            <source>Area
mm²</source>
            <translation>面積
mm²</translation>
        </message>
        <message>
            <source>Area of calcium in mm²</source>
            <translation>石灰化の面積（mm²）</translation>
        </message>
        <message>
            <source>Area of the lumen in mm²</source>
            <translation>内腔の面積（mm²）</translation>
        </message>
        <message>
            <source>Bridged arc of calcium in degrees; 180 or more stands out</source>
            <translation>石灰化の補間角度（°）。180以上は強調</translation>
        </message>
        <message>
            <source>Distance from the first frame in mm</source>
            <translation>先頭フレームからの距離（mm）</translation>
        </message>
        <message>
            <source>Frame</source>
            <translation>フレーム</translation>
        </message>
        <message>
            <source>Largest thickness of calcium in mm</source>
            <translation>石灰化の最大厚（mm）</translation>
        </message>
        <message>
            <source>Lumen
mm²</source>
            <translation>内腔
mm²</translation>
        </message>
        <message>
            <source>Number of the frame, from 1</source>
            <translation>フレーム番号（1から）</translation>
        </message>
        <message>
            <source>Place
mm</source>
            <translation>位置
mm</translation>
        </message>
        <message>
            <source>Reviewed</source>
            <translation>確認済み</translation>
        </message>
        <message>
            <source>Thick
mm</source>
            <translation>厚さ
mm</translation>
        </message>
    </context>
    <context>
        <name>results.growth_view</name>
        <message>
            <source>{name} onto the later CT</source>
            <translation>{name}（今回CTに位置合わせ）</translation>
        </message>
    </context>
    <context>
        <name>results.heat_maps</name>
        <message>
            <source>Heat map</source>
            <translation>ヒートマップ</translation>
        </message>
        <message>
            <source>{volume} heat of {marker}</source>
            <translation>{volume} {marker}のヒートマップ</translation>
        </message>
    </context>
    <context>
        <name>results.marker_rows</name>
        <message>
            <source>Measured only; not by the network.</source>
            <translation>計測のみ。AIは認めない。</translation>
        </message>
        <message>
            <source>Measured.</source>
            <translation>計測で認める。</translation>
        </message>
        <message>
            <source>Network only; not measured.</source>
            <translation>AIのみ。計測では認めない。</translation>
        </message>
        <message>
            <source>Not measured.</source>
            <translation>計測で認めない。</translation>
        </message>
        <message>
            <source>Not seen.</source>
            <translation>認めない。</translation>
        </message>
        <message>
            <source>Seen by network and measurement.</source>
            <translation>AI・計測とも認める。</translation>
        </message>
        <message>
            <source>{name}  {percent:.0f} %</source>
            <translation>{name}　{percent:.0f}％</translation>
        </message>
        <message>
            <source>{name}  {percent:.0f} % ({low:.0f} to {high:.0f})</source>
            <translation>{name}　{percent:.0f}％（{low:.0f}〜{high:.0f}）</translation>
        </message>
    </context>
    <context>
        <name>results.numbers_block</name>
        <message>
            <source>Cautions ({count})</source>
            <translation>注意事項（{count}）</translation>
        </message>
        <message>
            <source>No result yet.</source>
            <translation>結果なし。</translation>
        </message>
        <message>
            <source>in frame {frame}</source>
            <translation>フレーム{frame}</translation>
        </message>
    </context>
    <context>
        <name>results.results_view</name>
        <message>
            <source> ({percent:+.0f} %)</source>
            <translation>（{percent:+.0f}％）</translation>
        </message>
        <message>
            <source>30 % or more: {answer}</source>
            <translation>30％以上: {answer}</translation>
        </message>
        <message>
            <source>6 mL or more, or 33 % or more: {answer}</source>
            <translation>6 mL以上または33％以上: {answer}</translation>
        </message>
        <message>
            <source>Beyond the error of measurement: {error}.</source>
            <translation>計測誤差を上回る: {error}。</translation>
        </message>
        <message>
            <source>Drawn by hand</source>
            <translation>手動で描画</translation>
        </message>
        <message>
            <source>New blood in the ventricles: {answer}</source>
            <translation>新たな脳室内出血: {answer}</translation>
        </message>
        <message>
            <source>No hematoma found</source>
            <translation>血腫を検出せず</translation>
        </message>
        <message>
            <source>No result yet: choose a pullback and press Apply.</source>
            <translation>結果なし: プルバックを選び「適用」を押してください。</translation>
        </message>
        <message>
            <source>No verdict</source>
            <translation>判定不能</translation>
        </message>
        <message>
            <source>Refer now</source>
            <translation>脳神経外科へ至急紹介</translation>
        </message>
        <message>
            <source>Segmented by {model}</source>
            <translation>{model} によるセグメンテーション</translation>
        </message>
        <message>
            <source>The segmentation of this pullback was removed; analyze the pullback again.</source>
            <translation>このプルバックのセグメンテーションが削除されました。再度解析してください。</translation>
        </message>
        <message>
            <source>The vessel could not be shown.</source>
            <translation>血管を表示できませんでした。</translation>
        </message>
        <message>
            <source>Watch</source>
            <translation>経過観察</translation>
        </message>
        <message>
            <source>Watch, uncertain</source>
            <translation>経過観察（要確認）</translation>
        </message>
        <message>
            <source>What is not known ({count})</source>
            <translation>不明な点（{count}）</translation>
        </message>
        <message>
            <source>Within the error of measurement: {error}.</source>
            <translation>計測誤差の範囲内: {error}。</translation>
        </message>
        <message>
            <source>no</source>
            <translation>なし</translation>
        </message>
        <message>
            <source>two readers differ by about {between:g} mL, one by {within:g} mL</source>
            <translation>読影者間の差は約{between:g} mL、同一読影者では{within:g} mL</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>あり</translation>
        </message>
        <message>
            <source>{change:+.1f} mL{percent} since the earlier CT: {prior:.1f} to {now:.1f} mL</source>
            <translation>前回CTから{change:+.1f} mL{percent}: {prior:.1f} → {now:.1f} mL</translation>
        </message>
        <message>
            <source>{counted} (and {apart} marked that does not count)</source>
            <translation>{counted}（他に{apart}の抽出は含めない）</translation>
        </message>
        <message>
            <source>{decision}: look at slice {slices}</source>
            <translation>{decision}: スライス{slices}を確認</translation>
        </message>
        <message>
            <source>{marked} marked, does not count</source>
            <translation>{marked}の抽出（含めない）</translation>
        </message>
        <message>
            <source>{volume} ({low:.1f} to {high:.1f})</source>
            <translation>{volume}（{low:.1f}〜{high:.1f}）</translation>
        </message>
    </context>
    <context>
        <name>results.slice_table</name>
        <message>
            <source>Area of the hematoma</source>
            <translation>血腫の面積</translation>
        </message>
        <message>
            <source>Blend</source>
            <translation>blend</translation>
        </message>
        <message>
            <source>Hypo</source>
            <translation>低吸収</translation>
        </message>
        <message>
            <source>Irreg</source>
            <translation>不整</translation>
        </message>
        <message>
            <source>Level</source>
            <translation>液面</translation>
        </message>
        <message>
            <source>Number of the slice, from 1</source>
            <translation>スライス番号（1から）</translation>
        </message>
        <message>
            <source>Reviewed</source>
            <translation>確認済み</translation>
        </message>
        <message>
            <source>Slice</source>
            <translation>スライス</translation>
        </message>
        <message>
            <source>mm²</source>
            <translation>mm²</translation>
        </message>
    </context>
    <context>
        <name>results.vessel_view</name>
        <message>
            <source>Calcium (view)</source>
            <translation>石灰化（表示用）</translation>
        </message>
        <message>
            <source>Vessel wall (view)</source>
            <translation>血管壁（表示用）</translation>
        </message>
    </context>
    <context>
        <name>running.report_writing</name>
        <message>
            <source>A report is being written already; wait for it.</source>
            <translation>レポートを作成中です。お待ちください。</translation>
        </message>
        <message>
            <source>Choose a folder for the report</source>
            <translation>レポートのフォルダを選択</translation>
        </message>
        <message>
            <source>The report could not be written.</source>
            <translation>レポートを作成できませんでした。</translation>
        </message>
        <message>
            <source>The report is in {folder}</source>
            <translation>レポートの保存先: {folder}</translation>
        </message>
        <message>
            <source>Writing the report...</source>
            <translation>レポートを作成中...</translation>
        </message>
    </context>
    <context>
        <name>running.run_control</name>
        <message>
            <source>Cancelling...</source>
            <translation>中止しています...</translation>
        </message>
        <message>
            <source>Done.</source>
            <translation>完了。</translation>
        </message>
        <message>
            <source>Starting...</source>
            <translation>開始しています...</translation>
        </message>
        <message>
            <source>The results could not be shown.</source>
            <translation>結果を表示できませんでした。</translation>
        </message>
        <message>
            <source>The results could not be shown: {reason}</source>
            <translation>結果を表示できませんでした: {reason}</translation>
        </message>
        <message>
            <source>{stage}: {done} of {total}</source>
            <translation>{stage}: {done}／{total}</translation>
        </message>
    </context>
    <context>
        <name>running.worker_process</name>
        <message>
            <source>An analysis is running already; wait for it or cancel it.</source>
            <translation>解析中です。終了を待つか、中止してください。</translation>
        </message>
        <message>
            <source>Cancelled; the scene is as it was.</source>
            <translation>中止しました。シーンは元のままです。</translation>
        </message>
        <message>
            <source>Slicer's own Python (PythonSlicer) was not found; install Slicer again.</source>
            <translation>SlicerのPython（PythonSlicer）が見つかりません。Slicerを再インストールしてください。</translation>
        </message>
        <message>
            <source>The analysis could not be started; the details say why.</source>
            <translation>解析を開始できませんでした。理由は詳細にあります。</translation>
        </message>
        <message>
            <source>The analysis was ended from outside, most likely because memory ran out; close other programs and try again.</source>
            <translation>解析が外部から終了されました。メモリ不足の可能性があります。他のプログラムを終了して、もう一度実行してください。</translation>
        </message>
    </context>
    <context>
        <name>worklist.agreement_view</name>
        <message>
            <source>Agreement of readers</source>
            <translation>読影者の一致度</translation>
        </message>
        <message>
            <source>Arc A
°</source>
            <translation>角度A
°</translation>
        </message>
        <message>
            <source>Arc B
°</source>
            <translation>角度B
°</translation>
        </message>
        <message>
            <source>Comparing the readers...</source>
            <translation>読影者を比較しています...</translation>
        </message>
        <message>
            <source>Dice</source>
            <translation>Dice係数</translation>
        </message>
        <message>
            <source>Name the readers in the file</source>
            <translation>ファイルに読影者の名前を入れる</translation>
        </message>
        <message>
            <source>Reader A</source>
            <translation>読影者A</translation>
        </message>
        <message>
            <source>Reader B</source>
            <translation>読影者B</translation>
        </message>
        <message>
            <source>Save both tables, of all studies, as one CSV file.</source>
            <translation>すべての検査の両方の表を1つのCSVファイルに保存します。</translation>
        </message>
        <message>
            <source>Save table...</source>
            <translation>表を保存...</translation>
        </message>
        <message>
            <source>Save the table as</source>
            <translation>表の保存先</translation>
        </message>
        <message>
            <source>Slices: double-click one to open the study there</source>
            <translation>スライス: ダブルクリックすると、その検査をそのスライスで開きます</translation>
        </message>
        <message>
            <source>Studies: choose a row to see its slices below</source>
            <translation>検査: 行を選ぶと、そのスライスが下に表示されます</translation>
        </message>
        <message>
            <source>Study</source>
            <translation>検査</translation>
        </message>
        <message>
            <source>Tables (*.csv)</source>
            <translation>表 (*.csv)</translation>
        </message>
        <message>
            <source>The table cannot be written ({reason}); choose another place.</source>
            <translation>表を書き込めません（{reason}）。別の保存先を選んでください。</translation>
        </message>
        <message>
            <source>The table could not be saved.</source>
            <translation>表を保存できませんでした。</translation>
        </message>
        <message>
            <source>Volume A
{unit}</source>
            <translation>体積A
{unit}</translation>
        </message>
        <message>
            <source>Volume B
{unit}</source>
            <translation>体積B
{unit}</translation>
        </message>
        <message>
            <source>Without, the table that is saved numbers them.</source>
            <translation>チェックしない場合、保存する表では読影者を番号で示します。</translation>
        </message>
        <message>
            <source>the model</source>
            <translation>モデル</translation>
        </message>
    </context>
    <context>
        <name>worklist.background_analysis</name>
        <message>
            <source>The folder of the study cannot be written; check that the disk is there.</source>
            <translation>検査のフォルダに書き込めません。ディスクを確認してください。</translation>
        </message>
    </context>
    <context>
        <name>worklist.gain</name>
        <message>
            <source>It did not get better: keep the model that you have.</source>
            <translation>改善は認めません。現在のモデルの使用を続けてください。</translation>
        </message>
    </context>
    <context>
        <name>worklist.holding</name>
        <message>
            <source>Another reader has taken this study over; your edit was kept beside theirs.</source>
            <translation>別の読影者がこの検査を引き継ぎました。あなたの編集は別に保存しました。</translation>
        </message>
        <message>
            <source>Kept beside the data.</source>
            <translation>データのそばに保存しました。</translation>
        </message>
        <message>
            <source>No other study waits for you: all are reviewed, edited by others, or not analysed yet.</source>
            <translation>読影を待つ検査はほかにありません。すべて確認済み、他の人が編集中、または未解析です。</translation>
        </message>
        <message>
            <source>State</source>
            <translation>状態</translation>
        </message>
        <message>
            <source>Study</source>
            <translation>検査</translation>
        </message>
        <message>
            <source>Take it over?</source>
            <translation>引き継ぎますか？</translation>
        </message>
        <message>
            <source>The disk of the worklist is not there; connect it, then go on.</source>
            <translation>ワークリストのディスクが見つかりません。接続してから続けてください。</translation>
        </message>
        <message>
            <source>analysed</source>
            <translation>解析済み</translation>
        </message>
        <message>
            <source>edited by {reader}</source>
            <translation>{reader} が編集中</translation>
        </message>
        <message>
            <source>exported</source>
            <translation>エクスポート済み</translation>
        </message>
        <message>
            <source>failed: {message}</source>
            <translation>失敗: {message}</translation>
        </message>
        <message>
            <source>left by {reader} after a crash</source>
            <translation>{reader} の異常終了で残存</translation>
        </message>
        <message>
            <source>on view</source>
            <translation>表示中</translation>
        </message>
        <message>
            <source>reviewed {done} of {count}</source>
            <translation>{count}中{done}を確認済み</translation>
        </message>
        <message>
            <source>waiting</source>
            <translation>未解析</translation>
        </message>
    </context>
    <context>
        <name>worklist.learning</name>
        <message>
            <source>Choose the folder with the exported cases</source>
            <translation>エクスポートした症例のフォルダを選択</translation>
        </message>
        <message>
            <source>Fine-tune the model {name} on {count} exported cases?

Each case counts as another patient. It runs in the background on two processors of this computer, often for a quarter of an hour; nothing leaves the computer. The model stays as it is: a new one is made beside it, with figures of what it gained on cases that were left out.</source>
            <translation>モデル{name}を、エクスポートした{count}症例で追加学習しますか。

各症例は別の患者として扱います。このコンピュータのプロセッサ2個を使い、バックグラウンドで15分ほどかかります。データは外部に出ません。元のモデルはそのまま残り、学習に使わなかった症例での効果を示した新しいモデルが別に作られます。</translation>
        </message>
        <message>
            <source>Fine-tuning could not be started.</source>
            <translation>追加学習を開始できませんでした。</translation>
        </message>
        <message>
            <source>Fine-tuning needs a copy of the repository: the installed extension has no training.</source>
            <translation>追加学習にはリポジトリのコピーが必要です（インストール版の拡張機能には学習プログラムが含まれません）。</translation>
        </message>
        <message>
            <source>Fine-tuning on {count} cases...</source>
            <translation>{count}症例で追加学習中...</translation>
        </message>
        <message>
            <source>Fine-tuning: {done} of {total} parts are done</source>
            <translation>追加学習: {total}工程中{done}工程が完了</translation>
        </message>
        <message>
            <source>Learn from these...</source>
            <translation>これらから学習...</translation>
        </message>
        <message>
            <source>Stop fine-tuning</source>
            <translation>追加学習を中止</translation>
        </message>
        <message>
            <source>The folder holds no exported case; choose the one that Export for training has written to.</source>
            <translation>フォルダにエクスポートした症例がありません。「学習用にエクスポート」で保存したフォルダを選択してください。</translation>
        </message>
        <message>
            <source>There is no model to begin with; add one first.</source>
            <translation>元になるモデルがありません。先に追加してください。</translation>
        </message>
        <message>
            <source>Use the new model from now on?</source>
            <translation>今後、新しいモデルを使用しますか。</translation>
        </message>
    </context>
    <context>
        <name>worklist.study_on_view</name>
        <message>
            <source>Lay the {count} slices that you changed then over the new map? No leaves them beside the data.</source>
            <translation>そのとき変更した{count}枚のスライスを新しい結果に重ねますか。「いいえ」ではデータと同じ場所に残ります。</translation>
        </message>
        <message>
            <source>Nodes of this study were removed from the scene; open it again, what was kept last lies beside the data.</source>
            <translation>この検査のノードがシーンから削除されました。もう一度開いてください。最後に保存された内容はデータと同じ場所にあります。</translation>
        </message>
        <message>
            <source>Since you edited this study a model has drawn it anew ({model}).</source>
            <translation>この検査は、編集のあとにモデル（{model}）が描き直しています。</translation>
        </message>
        <message>
            <source>Take up your edit as you left it? No shows the new map; your edit is kept beside the data.</source>
            <translation>ご自分の編集をそのまま開きますか。「いいえ」では新しい結果を表示し、編集はデータと同じ場所に残ります。</translation>
        </message>
        <message>
            <source>The results of the analysis in {folder} are damaged; delete that folder and analyse the study again.</source>
            <translation>{folder} の解析結果が破損しています。そのフォルダを削除し、検査を再度解析してください。</translation>
        </message>
        <message>
            <source>What was changed before Slicer ended without keeping it is here again (from {saved}).</source>
            <translation>Slicerの終了前に保存されていなかった変更を復元しました（{saved}時点）。</translation>
        </message>
        <message>
            <source>Your earlier edit of this study cannot be read; what is left of it lies in {folder}.</source>
            <translation>この検査の前回の編集を読み込めません。残っているものは {folder} にあります。</translation>
        </message>
        <message>
            <source>Your earlier edit of this study lies in {folder}.</source>
            <translation>この検査の前回の編集は {folder} にあります。</translation>
        </message>
    </context>
    <context>
        <name>worklist.view</name>
        <message>
            <source>Choose the folder with the studies</source>
            <translation>検査のフォルダを選択</translation>
        </message>
        <message>
            <source>That study is not in the list any more.</source>
            <translation>その検査はもう一覧にありません。</translation>
        </message>
        <message>
            <source>The disk of the worklist does not answer; your edit is in the scene, save it when it is back.</source>
            <translation>ワークリストのディスクが応答しません。編集はシーンにあります。復旧後に保存してください。</translation>
        </message>
        <message>
            <source>The worklist could not be read.</source>
            <translation>ワークリストを読み込めませんでした。</translation>
        </message>
        <message>
            <source>Type your name above first: others see by it who edits a study.</source>
            <translation>先に上の欄にお名前を入力してください。誰が検査を編集中かが他の人に示されます。</translation>
        </message>
        <message>
            <source>a reader without a name</source>
            <translation>名前のない読影者</translation>
        </message>
    </context>
</TS>
