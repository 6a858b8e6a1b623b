using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using SelfAdapt.Tool;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace SelfAdapt.Tests.House;

/// <summary>What project references can't hold: the order of the folders within a room, and what is said only once.</summary>
[TestClass]
internal sealed partial class WallTests
{
    private static readonly Lazy<Architecture> House = new(() => new ArchLoader().LoadAssemblies([.. Rooms.All, typeof(ExitCode).Assembly]).Build());

    [TestMethod]
    [DataRow("SelfAdapt.Files.Tiff", "SelfAdapt.Files.Images")]
    [DataRow("SelfAdapt.Files.Png", "SelfAdapt.Files.Images")]
    [DataRow("SelfAdapt.Files.Npy", "SelfAdapt.Files.Images")]
    [DataRow("SelfAdapt.Files.Tiff", "SelfAdapt.Files.Png")]
    [DataRow("SelfAdapt.Models.Onnx", "SelfAdapt.Models.Graph")]
    [DataRow("SelfAdapt.Models.Onnx", "SelfAdapt.Models.Torch")]
    [DataRow("SelfAdapt.Models.Graph", "SelfAdapt.Models.Cellpose")]
    [DataRow("SelfAdapt.Models.Graph", "SelfAdapt.Models.Torch")]
    [DataRow("SelfAdapt.Engine.Cpu", "SelfAdapt.Engine.Reference")]
    [DataRow("SelfAdapt.Engine.Cpu", "SelfAdapt.Engine.Autodiff")]
    [DataRow("SelfAdapt.Engine.Reference", "SelfAdapt.Engine.Cpu")]
    [DataRow("SelfAdapt.Engine.Reference", "SelfAdapt.Engine.Autodiff")]
    [DataRow("SelfAdapt.Engine.Autodiff", "SelfAdapt.Engine.Cpu")]
    [DataRow("SelfAdapt.Segmentation.Preparation", "SelfAdapt.Segmentation.Masks")]
    [DataRow("SelfAdapt.Segmentation.Masks", "SelfAdapt.Segmentation.Results")]
    [DataRow("SelfAdapt.Segmentation.Masks", "SelfAdapt.Segmentation.Streaming")]
    [DataRow("SelfAdapt.Segmentation.Results", "SelfAdapt.Segmentation.Streaming")]
    [DataRow("SelfAdapt.Segmentation.Streaming", "SelfAdapt.Segmentation.Packages")]
    [DataRow("SelfAdapt.Adaptation.Supervised", "SelfAdapt.Reporting")]
    [DataRow("SelfAdapt.ShallowToDeep.Features", "SelfAdapt.ShallowToDeep.Forest")]
    [DataRow("SelfAdapt.ShallowToDeep.Forest", "SelfAdapt.ShallowToDeep.Strokes")]
    [DataRow("SelfAdapt.ShallowToDeep.Forest", "SelfAdapt.ShallowToDeep.Enhancer")]
    [DataRow("SelfAdapt.ShallowToDeep.Instances", "SelfAdapt.ShallowToDeep.Enhancer")]
    [DataRow("SelfAdapt.Adaptation.Foreground", "SelfAdapt.Adaptation.Supervised")]
    [DataRow("SelfAdapt.Adaptation.Resuming", "SelfAdapt.Adaptation.Supervised")]
    [DataRow("SelfAdapt.Adaptation.Resuming", "SelfAdapt.Adaptation.Foreground")]
    [DataRow("SelfAdapt.Adaptation.Signals", "SelfAdapt.Adaptation.Stopping")]
    [DataRow("SelfAdapt.Adaptation.Signals", "SelfAdapt.Adaptation.Finding")]
    [DataRow("SelfAdapt.Adaptation.Stopping", "SelfAdapt.Adaptation.Learning")]
    [DataRow("SelfAdapt.Adaptation.Learning", "SelfAdapt.Adaptation.Signals")]
    [DataRow("SelfAdapt.Adaptation.Finding", "SelfAdapt.Adaptation.Stopping")]
    [DataRow("SelfAdapt.Adaptation.Finding", "SelfAdapt.Adaptation.Learning")]
    [DataRow("SelfAdapt.Probabilistic.Networks", "SelfAdapt.Probabilistic.Learning")]
    [DataRow("SelfAdapt.ShallowToDeep.PseudoLabels", "SelfAdapt.ShallowToDeep.Enhancer")]
    [DataRow("SelfAdapt.ShallowToDeep.PseudoLabels", "SelfAdapt.ShallowToDeep.Forest")]
    [DataRow("SelfAdapt.Tool.Inputs", "SelfAdapt.Tool.Results")]
    [DataRow("SelfAdapt.Tool.Results", "SelfAdapt.Tool.Models")]
    [DataRow("SelfAdapt.Tool.Models", "SelfAdapt.Tool.Engines")]
    [DataRow("SelfAdapt.Tool.Engines", "SelfAdapt.Tool.Segmenting")]
    [DataRow("SelfAdapt.Tool.Segmenting", "SelfAdapt.Tool.Runs")]
    [DataRow("SelfAdapt.Tool.Runs", "SelfAdapt.Tool.Verbs")]
    [DataRow("SelfAdapt.Tool.Studio", "SelfAdapt.Tool.Verbs")]
    public void Folder_DoesNotUseTheOther(string folder, string other)
    {
        string[] violations = Violations(folder, other);
        Assert.IsEmpty(violations, string.Join('\n', violations));
    }

    [TestMethod]
    public void Folder_ThatUsesTheOther_IsSeen() =>
        Assert.IsNotEmpty(Violations("SelfAdapt.Files.Images", "SelfAdapt.Files.Tiff"));

    [TestMethod]
    public void Library_NamesNoFlags()
    {
        string[] named = [.. Lines("src").Where(l => Flag().IsMatch(l.Text) && !l.Text.Contains("///", StringComparison.Ordinal))
            .Select(l => $"{l.Place}: {l.Text.Trim()}")];
        Assert.IsEmpty(named, string.Join('\n', named));
    }

    [TestMethod]
    public void Files_AreWrittenThroughTheOneLayer()
    {
        // The layer itself, and the cache of compiled kernels, which is no result and may be missing.
        string[] layer = ["Disk.cs", "PtxCache.cs"];
        string[] written = [.. Lines("src").Where(l => Write().IsMatch(l.Text) && !layer.Any(l.Place.Contains))
            .Select(l => $"{l.Place}: {l.Text.Trim()}")];
        Assert.IsEmpty(written, string.Join('\n', written));
    }

    private static string[] Violations(string folder, string other)
    {
        IEnumerable<EvaluationResult> results = Types().That().ResideInNamespaceMatching(Inside(folder))
            .Should().NotDependOnAny(Types().That().ResideInNamespaceMatching(Inside(other))).Evaluate(House.Value);
        return [.. results.Where(r => !r.Passed).Select(r => r.Description)];
    }

    private static string Inside(string folder) => $"^{Regex.Escape(folder)}($|\\.)";

    private static IEnumerable<(string Place, string Text)> Lines(string folder)
    {
        string root = Path.Combine(RepositoryFolder.Root, folder);
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => File.ReadLines(f).Select((text, i) => ($"{Path.GetRelativePath(root, f)}:{i + 1}", text)));
    }

    [GeneratedRegex("\"[^\"]*--[a-z]")]
    private static partial Regex Flag();

    [GeneratedRegex(@"\bFile\.(WriteAll\w+|Create|OpenWrite|Move|Replace|AppendAll\w+)\(")]
    private static partial Regex Write();
}
