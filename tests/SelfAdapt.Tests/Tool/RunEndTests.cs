using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Runs;
using ToolProgram = SelfAdapt.Tool.Program;

namespace SelfAdapt.Tests.Tool;

/// <summary>What follows the training: the report's images, and the diameter that is measured on them.</summary>
[TestClass]
internal sealed class RunEndTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void DiameterOf_Images_MedianOfTheirMedianCells()
    {
        // Squares of side 2, 4 and 6 in one image, of side 8 in another, none in a third.
        ReportSample[] samples = [Squares(2, 4, 6), Squares(8), Squares()];
        Assert.AreEqual(6 * 2 / Math.Sqrt(Math.PI), BeforeAfter.DiameterOf(samples)!.Value, 1e-12);
        Assert.IsNull(BeforeAfter.DiameterOf([Squares()]));
    }

    [TestMethod]
    public void Adapt_CellsFound_CheckpointAndVariantsCarryTheirDiameter()
    {
        string model = _at.Checkpoint();
        ToolResult run = ToolRun.Ok(Adapt(model));

        string[] masks = Directory.GetFiles(_at.At("out", "masks_after"));
        Assert.HasCount(3, masks);
        float found = (float)CellGeometry.MedianDiameter(masks.Select(LabelFile.Read));
        Assert.AreNotEqual(13f, found);
        Assert.AreEqual(found, DiamLabels(_at.At("out", "adapted")));
        Export("again");
        Assert.AreEqual(found, DiamLabels(_at.At("again")));
        Export("other", "--diam-labels", "9.5");
        Assert.AreEqual(9.5f, DiamLabels(_at.At("other")));
        Export("v.onnx", "--variant", "portable");
        Assert.AreEqual(
            found.ToString(CultureInfo.InvariantCulture), OnnxModel.Load(_at.At("v.onnx")).Metadata["diam_labels"]);

        void Export(string name, params string[] more)
        {
            ToolRun.Ok(
                ["export", "--model", model, "--run", _at.At("out"), "--out", _at.At(name), .. more]);
        }
    }

    [TestMethod]
    public void Adapt_NoCells_CheckpointCarriesTheDiameterOfTheRun()
    {
        ToolRun.Ok(Adapt(_at.Checkpoint(), minSize: "1000000"));
        Assert.AreEqual(13f, DiamLabels(_at.At("out", "adapted")));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Adapt_CtrlCWhileTheReportIsMade_ModelIsThereAndTheReportSaysSo(int done)
    {
        using CancellationTokenSource cancel = new();
        using StringWriter output = new();
        using ReportWatch error = new(cancel, done);
        int code = ToolProgram.Run(
            Adapt(_at.Checkpoint()), new Terminal(output, error, interactive: false, cancel.Token));

        Assert.AreEqual((int)ExitCode.Cancelled, code, error.ToString());
        StringAssert.Contains(output.ToString(), $"{done} of 3", StringComparison.Ordinal);
        OnnxModel.Load(_at.At("out", "adapted.onnx"));
        Assert.AreNotEqual(0f, DiamLabels(_at.At("out", "adapted")));
        Assert.HasCount(done, Directory.GetFiles(_at.At("out", "masks_after")));
        StringAssert.Contains(
            File.ReadAllText(_at.At("out", "report.html")), $"cut short by hand: {done} of 3",
            StringComparison.Ordinal);
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        Assert.AreEqual("completed", (string)summary["stop_reason"]!);
    }

    private static float DiamLabels(string file) => TorchCheckpoint.Load(file).Find("diam_labels")!.ToFloats()[0];

    /// <summary>Two steps on three images, with thresholds that let a random network find something.</summary>
    private string[] Adapt(string model, string minSize = "1") =>
    [
        "adapt", "--model", model, "--images", _at.Images(3), "--out", _at.At("out"), "--iterations", "2",
        "--batch-size", "2", "--crop", "32", "--views", "2", "--stop", "none", "--diameter", "13", "--flow-threshold",
        "0", "--cellprob-threshold", "-100", "--min-size", minSize,
    ];

    private static ReportSample Squares(params ReadOnlySpan<int> sides)
    {
        const int Size = 40;
        int[] labels = new int[Size * Size];
        for (int k = 0; k < sides.Length; k++)
        {
            for (int i = 0; i < sides[k] * sides[k]; i++)
            {
                labels[((i / sides[k]) * Size) + (k * 12) + (i % sides[k])] = k + 1;
            }
        }

        LabelImage masks = new(Size, Size, labels);
        return new ReportSample("s", new Image(1, Size, Size, new float[Size * Size]), masks, masks, null);
    }

    /// <summary>Presses Ctrl-C once so many of the report's images are done.</summary>
    private sealed class ReportWatch(CancellationTokenSource cancel, int done) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value == $"masks before and after: {done} of 3")
            {
                cancel.Cancel();
            }
        }
    }
}
