using System.Numerics;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Regions;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

[TestClass]
internal sealed class StrokesVerbTests : IDisposable
{
    private const int Side = 96;

    private readonly ToolRun _at = new();

    public StrokesVerbTests()
    {
        // Bright discs in noise, as images and masks.
        Directory.CreateDirectory(_at.At("data"));
        for (int n = 0; n < 2; n++)
        {
            SelfAdapt.ShallowToDeep.Enhancer.SourceImage made = SelfAdapt.Tests.ShallowToDeep.NoisyDiscs.Make((ulong)n, Side);
            ImageFile.WriteTiff(_at.At("data", $"i{n}_img.tif"), new Image(1, Side, Side, made.Image.Values));
            LabelFile.WriteTiff(
                _at.At("data", $"i{n}_masks.tif"), new LabelImage(Side, Side, Array.ConvertAll(made.Object, o => o ? 1 : 0)));
        }
    }

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void StrokesToMasks_WithAndWithoutEnhancer()
    {
        ToolRun.Expect(ExitCode.Ok, "", "paint", "--labels", _at.At("data"), "--out", _at.At("strokes"), "--count", "1");
        Assert.HasCount(1, Directory.GetFiles(_at.At("strokes")));
        ToolRun.Expect(
            ExitCode.Ok, "", "strokes", "--images", _at.At("data"), "--strokes", _at.At("strokes"), "--features", "fast",
            "--out", _at.At("out"), "--json", _at.At("r.json"));
        StringAssert.Contains(File.ReadAllText(_at.At("r.json")), "stroke_pixels");
        byte[] masks = File.ReadAllBytes(_at.At("out", "i1_img_cp_masks.tif"));
        Assert.IsGreaterThan(0, LabelFile.Read(_at.At("out", "i1_img_cp_masks.tif")).Labels.Max());

        // The map beside the masks is scored, too.
        ToolRun.Expect(
            ExitCode.Ok, "", "evaluate", "--predictions", _at.At("out"), "--labels", _at.At("data"), "--json", _at.At("e.json"));
        Assert.IsGreaterThan(0.5, (double)ToolRun.Json(_at.At("e.json"))["soft_dice"]!);

        // The forest alone says the same.
        string forest = _at.At("out", "strokes.forest");
        ToolRun.Expect(
            ExitCode.Ok, "", "strokes", "--images", _at.At("data"), "--forest", forest, "--out", _at.At("again"));
        CollectionAssert.AreEqual(masks, File.ReadAllBytes(_at.At("again", "i1_img_cp_masks.tif")));

        // An enhancer's maps lie beside the forest's.
        ToolRun.Expect(
            ExitCode.Ok, "", "enhancer", "--images", _at.At("data"), "--features", "fast", "--out", _at.At("enhancer"),
            "--iterations", "3", "--crop", "32", "--widths", "8,16", "--forests", "2", "--trees", "3", "--patch-min", "24",
            "--patch-max", "40");
        string enhancer = _at.At("enhancer", "enhancer.onnx");
        ToolRun.Expect(
            ExitCode.Ok, "", "strokes", "--images", _at.At("data"), "--forest", forest, "--enhancer", enhancer, "--out",
            _at.At("enhanced"));
        Assert.IsTrue(File.Exists(_at.At("enhanced", "i0_img_enhanced.tif")));

        // A network that learns from the images with these maps, and is run like any other.
        ToolRun.Expect(
            ExitCode.Ok, "", "pseudo", "--images", _at.At("data"), "--maps", _at.At("enhanced"), "--out", _at.At("network"),
            "--iterations", "3", "--crop", "32", "--widths", "8,16");
        ToolRun.Expect(
            ExitCode.Ok, "", "segment", "--model", _at.At("network", "foreground.onnx"), "--images", _at.At("data"), "--out",
            _at.At("segmented"));
        ToolRun.Expect(
            ExitCode.Ok, "2 images", "pseudo", "--images", _at.At("data"), "--maps", _at.At("data"), "--out", _at.At("by masks"),
            "--iterations", "1", "--crop", "32", "--widths", "8,16");
        ToolRun.Expect(
            ExitCode.NoUsableInput, "no map", "pseudo", "--images", _at.At("data"), "--maps", _at.At("strokes"), "--out",
            _at.At("nothing"));
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "one logit", "pseudo", "--images", _at.At("data"), "--maps", _at.At("enhanced"), "--out",
            _at.At("nothing"), "--model", _at.Onnx());

        // Maps of other features, another network, what is there already.
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "other features", "strokes", "--images", _at.At("data"), "--strokes",
            _at.At("strokes"), "--enhancer", enhancer, "--out", _at.At("full"));
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "no enhancer", "strokes", "--images", _at.At("data"), "--forest", forest,
            "--enhancer", _at.Onnx(), "--out", _at.At("other"));
        ToolRun.Expect(
            ExitCode.OutputExists, "not empty", "strokes", "--images", _at.At("data"), "--forest", forest, "--out",
            _at.At("out"));
    }

    [TestMethod]
    public void Builtin_RepairsMapsOfAllFeatures()
    {
        ToolRun.Expect(ExitCode.Ok, "", "paint", "--labels", _at.At("data"), "--out", _at.At("strokes"));
        ToolRun.Expect(
            ExitCode.Ok, "", "strokes", "--images", _at.At("data"), "--strokes", _at.At("strokes"), "--enhancer", "builtin",
            "--out", _at.At("out"));
        SelfAdapt.Segmentation.Metrics.ForegroundScores forest = new();
        SelfAdapt.Segmentation.Metrics.ForegroundScores enhanced = new();
        foreach (string name in new[] { "i0", "i1" })
        {
            bool[] truth = Array.ConvertAll(LabelFile.Read(_at.At("data", name + "_masks.tif")).Labels, l => l > 0);
            forest.Add(ImageFile.Read(_at.At("out", name + "_img_forest.tif")).Pixels, truth);
            enhanced.Add(ImageFile.Read(_at.At("out", name + "_img_enhanced.tif")).Pixels, truth);
        }

        Assert.IsGreaterThan(0.7, forest.F1);
        Assert.IsGreaterThan(forest.F1 - 0.05, enhanced.F1);
    }

    [TestMethod]
    public void BadStrokes_AreNamed()
    {
        Directory.CreateDirectory(_at.At("strokes"));
        Paint("i0", Side, 1, 1);
        Refused("no object");
        Paint("i0", Side - 1, 1, 2);
        Refused("95x95");
        Paint("i0", Side, 1, 9);
        Refused("number 9");
        Paint("i0", Side, 1, 2);
        Paint("stranger", Side, 1, 2);
        Refused("none of the images");
        ToolRun.Expect(
            ExitCode.Usage, "--forest", "strokes", "--images", _at.At("data"), "--out", _at.At("out"));
        ToolRun.Expect(
            ExitCode.NoUsableInput, "no forest", "strokes", "--images", _at.At("data"), "--forest",
            _at.At("data", "i0_img.tif"), "--out", _at.At("out"));
        File.Delete(_at.At("strokes", "stranger_strokes.png"));
        ToolRun.Expect(
            ExitCode.OutOfMemory, "limit", "strokes", "--images", _at.At("data"), "--strokes", _at.At("strokes"), "--out",
            _at.At("small"), "--memory-limit", "50MB");
    }

    [TestMethod]
    public void RegionsOfImageJ_AreStrokesToo()
    {
        // The disc's pixels as regions of both classes, beside the images.
        LabelImage masks = LabelFile.Read(_at.At("data", "i0_masks.tif"));
        Vector2[] Of(int label) =>
            [.. Enumerable.Range(0, Side * Side).Where(i => masks.Labels[i] == label).Take(200).Select(i => new Vector2(i % Side, i / Side))];
        ImageJRegion.Write(
            _at.At("data", "i0_strokes.zip"),
            [new("background", RegionShape.Point, 0, 0, Of(0)), new("b", RegionShape.Point, 2, 0, Of(1))]);
        ToolRun.Expect(
            ExitCode.Ok, "200 object and 200 background", "strokes", "--images", _at.At("data"), "--strokes", _at.At("data"), "--features",
            "fast", "--out", _at.At("out"));

        File.WriteAllText(_at.At("data", "i0_strokes.zip"), "PK of another kind");
        ToolRun.Expect(
            ExitCode.NoUsableInput, "no zip of ImageJ regions", "strokes", "--images", _at.At("data"), "--strokes", _at.At("data"), "--out",
            _at.At("out"), "--force");
    }

    private void Refused(string why) => ToolRun.Expect(
        ExitCode.NoUsableInput, why, "strokes", "--images", _at.At("data"), "--strokes", _at.At("strokes"), "--out",
        _at.At("out"), "--force");

    private void Paint(string name, int side, params int[] pixels)
    {
        int[] labels = new int[side * side];
        pixels.CopyTo(labels, 0);
        LabelFile.WritePng(_at.At("strokes", name + "_strokes.png"), new LabelImage(side, side, labels));
    }
}
