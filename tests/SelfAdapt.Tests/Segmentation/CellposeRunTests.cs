using System.Text.Json;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>The whole pipeline on the built-in engine against a run of Cellpose 3.1 with the same model.</summary>
[TestClass]
internal sealed class CellposeRunTests
{
    private const double DiamMean = 17;

    public static IEnumerable<object[]> Cases
    {
        get
        {
            // Without the data, one case that says so.
            if (SharedData.TryPath("golden", "cellpose_run", "index.json") is not string path)
            {
                return [["index", 0.0, 0]];
            }

            using JsonDocument index = JsonDocument.Parse(File.ReadAllText(path));
            return [.. index.RootElement.GetProperty("cases").EnumerateArray().Select(c => new object[]
            {
                c.GetProperty("image").GetString()!, c.GetProperty("diameter").GetDouble(),
                c.GetProperty("cells").GetInt32(),
            })];
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Segment_RealImage_GivesCellposesFlowsAndMasks(string imagePath, double diameter, int cells)
    {
        Image image = ImageFile.Read(SharedData.Path(imagePath.Split('/')));
        string name = Path.GetFileName(imagePath).Replace("_img.png", "", StringComparison.Ordinal);
        float[] flows = NpyFile.Read(Golden($"{name}_flows_cellprob.npy")).ToFloats();
        float[] style = NpyFile.Read(Golden($"{name}_style.npy")).ToFloats();
        LabelImage masks = LabelFile.Read(Golden($"{name}_cp_masks.png"));

        using CpuBackend backend = new(2);
        Network model = Network.Read(RealModels.Load(RealModels.Checkpoint));
        using NetworkWeights weights = new(model, backend);
        using EngineNetwork network = new(weights, backend);
        Segmenter segmenter =
            new(network, new SegmentationOptions { DiamMean = DiamMean, Diameter = diameter });
        SegmentationResult result = segmenter.Segment(image, imagePath);

        double range = flows.Max() - (double)flows.Min();
        double worst = flows.Zip(result.Outputs.Pixels, (e, a) => Math.Abs((double)e - a)).Max();
        double precision = SegmentationMetrics.AveragePrecision(masks, result.Masks, [0.9])[0];
        double styles =
            style.Zip(result.Embedding, (e, a) => Math.Abs((double)e - a)).Max() / style.Max(Math.Abs);
        int found = result.Masks.Labels.Max();
        Console.WriteLine(
            $"{name}: flows {worst / range:e2} of their range, style {styles:e2}, AP at 0.9 {precision:f4}, "
            + $"{found} cells of {cells}");
        Assert.AreEqual(flows.Length, result.Outputs.Pixels.Length);
        Assert.IsTrue(worst <= 1e-3 * range, $"flows differ by {worst} of {range}");
        Assert.IsTrue(styles <= 1e-3, $"styles differ by {styles}");
        Assert.IsTrue(precision >= 0.99, $"AP at 0.9 is {precision}");
        Assert.IsTrue(Math.Abs(found - cells) <= 0.01 * cells, $"{found} cells, not {cells}");
    }

    private static string Golden(string file) => SharedData.Path("golden", "cellpose_run", file);
}
