using System.IO.Compression;
using System.Text;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine.Autodiff;
using SelfAdapt.Tests.Models.Export;

namespace SelfAdapt.Tests.Segmentation.Packages;

[TestClass]
internal sealed class ModelPackageTests : IDisposable
{
    private static readonly PackageRequest Request = new(
        "Small nuclei", "Finds nuclei in simulated images.", ["A. Nonymous"], "MIT",
        new SegmentationOptions { Diameter = 22, DiamMean = 17 }, ["On 3 simulated images: nothing to be proud of."],
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), new Dictionary<string, string> { ["selfadapt.seed"] = "7" });

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-package-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Write_Package_PassesTheCheckAndIsTheSameAgain()
    {
        byte[] package = Pack(SmallNetworks.Cellpose(4, 4, 8, 8), ModelVariant.Portable, Request);

        CollectionAssert.AreEqual(Array.Empty<PackageFinding>(), Check(package).ToArray());
        CollectionAssert.AreEqual(
            package, Pack(SmallNetworks.Cellpose(4, 4, 8, 8), ModelVariant.Portable, Request));
        string yaml = Encoding.UTF8.GetString(Files(package)["rdf.yaml"]);
        StringAssert.Contains(yaml, "timestamp: \"2026-01-02T03:04:05Z\"", StringComparison.Ordinal);
        StringAssert.Contains(yaml, "seed: \"7\"", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("portable", IntensityNormalization.Percentile, false)]
    [DataRow("static", IntensityNormalization.ZeroMeanUnitVariance, true)]
    public void Write_TestTensors_OnnxRuntimeReproducesThemFromTheDescription(
        string variant, IntensityNormalization normalization, bool invert)
    {
        PackageRequest request = Request with
        {
            Preparation = Request.Preparation with { Normalization = normalization, Invert = invert },
        };
        OnnxModel model = SmallNetworks.Cellpose(4, 4, 8, 8);
        Dictionary<string, byte[]> files =
            Files(Pack(model, variant == "static" ? ModelVariant.Static(192) : ModelVariant.Portable, request));
        NpyArray input = Tensor(files, "test_input.npy");
        NpyArray output = Tensor(files, "test_output.npy");
        int side = variant == "static" ? 192 : 256;
        CollectionAssert.AreEqual(new[] { 1, 2, side, side }, input.Shape);
        CollectionAssert.AreEqual(new[] { 1, 3, side, side }, output.Shape);

        float[] prepared = Prepare(input.ToFloats(), side * side, normalization, invert);
        float[] expected = output.ToFloats();
        float[] actual = Forward.OnnxRuntime(files["model.onnx"], "image", 2, prepared, side, side);

        // The bound that bioimageio.core sets: 1e-3 + 1e-3 |expected|.
        double worst = expected.Zip(actual, (e, a) => Math.Abs(e - a) / (1e-3 + (1e-3 * Math.Abs(e)))).Max();
        Console.WriteLine($"{worst:e2} of what bioimageio.core allows");
        Assert.IsLessThan(1.0, worst);
        Assert.IsGreaterThan(1e-3, expected.Max() - expected.Min());
    }

    [TestMethod]
    [DataRow("test_output.npy", "outputs[0].test_tensor.sha256")]
    [DataRow("model.onnx", "weights.onnx.sha256")]
    [DataRow("cover.png", "config.selfadapt")]
    public void Check_ChangedFile_IsNoticed(string name, string place)
    {
        Dictionary<string, byte[]> files = Small();
        files[name][^1] ^= 1;
        Assert.IsTrue(Check(Zip(files)).Any(f => f.IsError && f.Place == place));
    }

    [TestMethod]
    [DataRow("format_version: \"0.5.7\"", "format_version: \"0.4.9\"", "format_version")]
    [DataRow("name: Small nuclei", "name: ab", "name")]
    [DataRow("min: 128", "min: 136", "inputs[0].axes[2]")]
    [DataRow("- helper", "- helper\n    - third", "inputs[0].axes[1]")]
    [DataRow("axis_id: x", "axis_id: z", "outputs[0].axes[3].size")]
    [DataRow("halo: 32", "halo: 128", "outputs[0].axes[2].halo")]
    [DataRow("opset_version: 13", "opset_version: 14", "weights.onnx.opset_version")]
    [DataRow("id: scale_range", "id: scale_strange", "inputs[0].preprocessing")]
    [DataRow("source: model.onnx", "source: absent.onnx", "weights.onnx.source")]
    [DataRow("documentation: README.md", "documentation: cover.png", "documentation")]
    [DataRow("timestamp: \"2026", "timestamp: \"x2026", "timestamp")]
    [DataRow("type: model", "type: &m model", "rdf.yaml")]
    [DataRow("\nconfig:", "\nconfig: none\nother:", "config")]
    public void Check_WrongDescription_NamesThePlace(string right, string wrong, string place)
    {
        Dictionary<string, byte[]> files = Small();
        string yaml = Encoding.UTF8.GetString(files["rdf.yaml"]);
        StringAssert.Contains(yaml, right, StringComparison.Ordinal);
        files["rdf.yaml"] = Encoding.UTF8.GetBytes(yaml.Replace(right, wrong, StringComparison.Ordinal));

        PackageFinding[] errors = [.. Check(Zip(files)).Where(f => f.IsError)];

        Assert.AreEqual(place, errors.FirstOrDefault()?.Place, string.Join('\n', errors.Select(e => e.ToString())));
    }

    [TestMethod]
    public void Check_WithoutValidationOrAuthors_GivesHints()
    {
        Dictionary<string, byte[]> files = Files(Pack(
            SmallNetworks.Cellpose(4, 4), ModelVariant.Portable, Request with { Authors = [], Licence = null }));
        files["README.md"] = "# Name\n"u8.ToArray();
        PackageFinding[] hints = [.. Check(Zip(files)).Where(f => !f.IsError)];
        CollectionAssert.AreEquivalent(
            new[] { "license", "authors", "documentation" }, hints.Select(h => h.Place).ToArray());
    }

    [TestMethod]
    public void Check_DamagedZip_IsRefused()
    {
        byte[] package = Zip(Small());
        for (int cut = package.Length - 1; cut > 0; cut -= package.Length / 60)
        {
            string path = Save(package[..cut]);
            Assert.IsFalse(PackageCheck.IsPackage(path));
            Assert.AreEqual(
                ErrorKind.ModelMalformed, Assert.ThrowsExactly<SelfAdaptException>(() => PackageCheck.Check(path)).Kind);
        }
    }

    [TestMethod]
    public void Write_WhatCanNotBePacked_IsRefused()
    {
        foreach ((ModelVariant variant, PackageRequest request, string word) in
            (ReadOnlySpan<(ModelVariant, PackageRequest, string)>)
            [(ModelVariant.Fp16, Request, "fp16"), (ModelVariant.Static(64), Request, "at least 128"),
                (ModelVariant.Portable, Request with { Name = "a/b/c/d" }, "name"),
                (ModelVariant.Portable, Request with { Description = "" }, "description")])
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
                () => ModelPackage.RequirePackable(variant, request));
            Assert.AreEqual(ErrorKind.InvalidOption, e.Kind);
            StringAssert.Contains(e.Message, word, StringComparison.Ordinal);
        }
    }

    private static Dictionary<string, byte[]> Small() =>
        Files(Pack(SmallNetworks.Cellpose(4, 4), ModelVariant.Portable, Request));

    private static byte[] Pack(OnnxModel source, ModelVariant variant, PackageRequest request)
    {
        byte[] model = NetworkWriter.Write(
            source, Network.Read(source), variant, new Dictionary<string, string>());
        Network network = Network.Read(OnnxModel.Parse(model, "variant"));
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork engine = new(weights, backend);
        Image picture = MicrographSimulator.Simulate(new MicrographOptions { Height = 300, Width = 280 }, 3).Image;
        return ModelPackage.Write(model, variant, network, engine, picture, "simulated", request);
    }

    /// <summary>The steps of the description as BioImage.IO defines them, written down once more.</summary>
    private static float[] Prepare(float[] values, int plane, IntensityNormalization normalization, bool invert)
    {
        float[] result = new float[values.Length];
        for (int c = 0; c < values.Length / plane; c++)
        {
            double[] own = [.. values.Skip(c * plane).Take(plane).Select(v => (double)v)];
            double[] sorted = [.. own.Order()];
            double mean = own.Average();
            (double offset, double range) = normalization == IntensityNormalization.Percentile
                ? (At(1), At(99) - At(1))
                : (mean, Math.Sqrt(own.Average(v => (v - mean) * (v - mean))));
            for (int i = 0; i < plane; i++)
            {
                double value = (own[i] - offset) / (range + 1e-6);
                result[(c * plane) + i] = (float)(invert ? (-1 * value) + 1 : value);
            }

            double At(double percent)
            {
                double at = (plane - 1) * percent / 100;
                int below = (int)at;
                return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, plane - 1)] - sorted[below]));
            }
        }

        return result;
    }

    private IReadOnlyList<PackageFinding> Check(byte[] package) => PackageCheck.Check(Save(package));

    private string Save(byte[] package)
    {
        string path = Path.Combine(_folder, "p.zip");
        File.WriteAllBytes(path, package);
        return path;
    }

    private static NpyArray Tensor(Dictionary<string, byte[]> files, string name) =>
        NpyFile.Decode(new FileBytes(name, files[name]));

    private static Dictionary<string, byte[]> Files(byte[] package)
    {
        using ZipArchive zip = new(new MemoryStream(package));
        return zip.Entries.ToDictionary(e => e.FullName, e =>
        {
            using Stream stream = e.Open();
            using MemoryStream content = new();
            stream.CopyTo(content);
            return content.ToArray();
        });
    }

    private static byte[] Zip(Dictionary<string, byte[]> files)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in files)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }
}
