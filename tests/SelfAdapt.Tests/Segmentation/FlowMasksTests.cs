using System.Text.Json;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class FlowMasksTests
{
    private static readonly SegmentationOptions NoRescale = new() { Niter = 200 };

    [TestMethod]
    public void Compute_TwoDiscs_GivesThem()
    {
        (Image outputs, LabelImage expected) = TwoDiscs();
        LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, NoRescale);
        CollectionAssert.AreEqual(expected.Labels, masks.Labels);
    }

    [TestMethod]
    public void Follow_TwoDiscs_EveryPixelEndsAtItsCentre()
    {
        (Image outputs, LabelImage expected) = TwoDiscs();
        int[] cells = Enumerable.Range(0, 48 * 64).Where(i => expected.Labels[i] > 0).ToArray();
        int[] ends = FlowDynamics.Follow(outputs.Plane(0), outputs.Plane(1), cells, 48, 64, 5, 200);
        Assert.AreEqual(253 + 377, cells.Length);
        for (int i = 0; i < cells.Length; i++)
        {
            Assert.AreEqual(expected.Labels[cells[i]] == 1 ? (16 * 64) + 18 : (30 * 64) + 42, ends[i]);
        }
    }

    [TestMethod]
    public void Errors_TwoDiscs_MatchCellpose()
    {
        (Image outputs, LabelImage expected) = TwoDiscs();
        double[] errors = MaskFlows.Errors(expected, LabelRegions.Find(expected, 2), outputs, 0, 5);
        Assert.AreEqual(0.00238296, errors[0], 1e-8);
        Assert.AreEqual(0.00194374, errors[1], 1e-8);
    }

    [TestMethod]
    public void Compute_FlowThresholdBetweenTheErrors_DropsTheWorseMask()
    {
        (Image outputs, LabelImage expected) = TwoDiscs();
        SegmentationOptions options = NoRescale with { FlowThreshold = 0.0021 };
        LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
        CollectionAssert.AreEqual(Array.ConvertAll(expected.Labels, l => l == 2 ? 1 : 0), masks.Labels);
    }

    [TestMethod]
    public void Compute_MaxSizeFractionBelowTheLarger_DropsIt()
    {
        (Image outputs, LabelImage expected) = TwoDiscs();
        SegmentationOptions options = NoRescale with { MaxSizeFraction = 300.0 / (48 * 64) };
        LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
        CollectionAssert.AreEqual(Array.ConvertAll(expected.Labels, l => l == 1 ? 1 : 0), masks.Labels);
    }

    [TestMethod]
    public void Compute_ThresholdAboveEveryLogit_GivesNothing()
    {
        (Image outputs, _) = TwoDiscs();
        SegmentationOptions options = NoRescale with { CellprobThreshold = 4 };
        LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
        Assert.IsTrue(masks.Labels.All(l => l == 0));
    }

    [TestMethod]
    public void Compute_Cyto3Output_GivesCellposesMasks()
    {
        float[] padded = GoldenFile.Floats("golden", "cyto3_image_075", "cellpose_img_075.output.bin");
        int[] labels = GoldenFile.Ints("golden", "cyto3_image_075", "cellpose_img_075.masks.bin");
        Image outputs = new Padding(0, 4, 0, 0).Remove(new Image(3, 304, 240, padded));
        LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, new() { Diameter = 30 });
        AssertSame(new LabelImage(300, 240, labels), masks, 162, leastIou: 0.99);
    }

    [TestMethod]
    public void Compute_RunsOfCellpose_GiveItsMasks()
    {
        using JsonDocument index = JsonDocument.Parse(
            File.ReadAllText(SharedData.Path("golden", "cellpose_run", "index.json")));
        foreach (JsonElement run in index.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = Path.GetFileName(run.GetProperty("image").GetString()!).Replace(
                "_img.png", "", StringComparison.Ordinal);
            (Image outputs, SegmentationOptions options) = ReadRun(run, name);
            LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
            LabelImage expected = LabelFile.Read(
                SharedData.Path("golden", "cellpose_run", $"{name}_cp_masks.png"));
            AssertSame(expected, masks, run.GetProperty("cells").GetInt32(), leastIou: 0.99);
        }
    }

    [TestMethod]
    public void Compute_Foreground_TakesFourConnectedPieces()
    {
        LabelImage drawn = GoldenFile.Labels(
            "11..22",
            "11..22",
            "..33..",
            "..33..");
        LabelImage masks = FlowMasks.Compute(
            Logits(drawn), OutputDescription.Foreground, new() { MinSize = 0 });
        CollectionAssert.AreEqual(drawn.Labels, masks.Labels);
    }

    [TestMethod]
    public void Compute_Foreground_FillsHolesAndDropsSmallPieces()
    {
        LabelImage drawn = GoldenFile.Labels(
            "111..",
            "1.1.2",
            "111..");
        LabelImage masks = FlowMasks.Compute(
            Logits(drawn), OutputDescription.Foreground, new() { MinSize = 2 });
        CollectionAssert.AreEqual(
            GoldenFile.Labels("111..", "111..", "111..").Labels, masks.Labels);
    }

    [TestMethod]
    public void FlowSteps_DependOnRescaleOnlyWithResample()
    {
        SegmentationOptions options = new() { Diameter = 48.1, DiamMean = 17 };
        Assert.AreEqual(565, options.FlowSteps);
        Assert.AreEqual(200, (options with { Resample = false }).FlowSteps);
        Assert.AreEqual(77, (options with { Niter = 77 }).FlowSteps);
    }

    internal static void AssertSame(LabelImage expected, LabelImage actual, int cells, double leastIou)
    {
        InstanceMatching match = InstanceMatching.Match(expected, actual, leastIou);
        Assert.AreEqual((cells, 0, 0), (match.TruePositives, match.FalsePositives, match.FalseNegatives));
    }

    /// <summary>The scene of docs/cellpose.md 8.4.</summary>
    internal static (Image Outputs, LabelImage Masks) TwoDiscs()
    {
        Image outputs = ImagePreparation.Blank(3, 48, 64);
        LabelImage masks = new(48, 64, new int[48 * 64]);
        outputs.Plane(2).Fill(-4);
        Draw(1, 16, 18, 9);
        Draw(2, 30, 42, 11);
        return (outputs, masks);

        void Draw(int label, int centreY, int centreX, int radius)
        {
            for (int dy = -radius; dy <= radius; dy++)
            {
                for (int dx = -radius; dx <= radius; dx++)
                {
                    double distance = Math.Sqrt((dy * dy) + (dx * dx));
                    if (distance <= radius)
                    {
                        int i = ((centreY + dy) * 64) + centreX + dx;
                        masks.Labels[i] = label;
                        outputs.Plane(0)[i] = distance > 0 ? (float)(-5 * dy / distance) : 0;
                        outputs.Plane(1)[i] = distance > 0 ? (float)(-5 * dx / distance) : 0;
                        outputs.Plane(2)[i] = 4;
                    }
                }
            }
        }
    }

    private static (Image Outputs, SegmentationOptions Options) ReadRun(JsonElement run, string name)
    {
        NpyArray array = NpyFile.Read(
            SharedData.Path("golden", "cellpose_run", $"{name}_flows_cellprob.npy"));
        SegmentationOptions options = new()
        {
            Diameter = run.GetProperty("diameter").GetDouble(),
            DiamMean = 17,
        };
        return (new Image(array.Shape[0], array.Shape[1], array.Shape[2], array.ToFloats()), options);
    }

    private static Image Logits(LabelImage drawn) =>
        new(1, drawn.Height, drawn.Width, Array.ConvertAll(drawn.Labels, l => l > 0 ? 0.5f : -0.5f));
}
