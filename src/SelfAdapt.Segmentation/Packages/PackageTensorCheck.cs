using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Checks the inputs and outputs of a description and their test tensors.</summary>
internal sealed class PackageTensorCheck(PackageArchive archive, FindingList findings)
{
    private const int LongestId = 32;

    private static readonly string[] AxisTypes = ["batch", "channel", "index", "time", "space"];

    private static readonly string[] Steps =
    [
        "binarize", "clip", "custom", "ensure_dtype", "fixed_zero_mean_unit_variance", "scale_linear",
        "scale_mean_variance", "scale_range", "sigmoid", "softmax", "zero_mean_unit_variance",
    ];

    private readonly Dictionary<(string Tensor, string Axis), int> _sizes = [];

    public void Run(JsonObject description)
    {
        HashSet<string> ids = [];
        foreach ((string kind, string steps) in (ReadOnlySpan<(string, string)>)
            [("inputs", "preprocessing"), ("outputs", "postprocessing")])
        {
            JsonArray tensors = Node.List(description, kind);
            findings.Require(tensors.Count > 0, kind, "there must be at least one");
            for (int i = 0; i < tensors.Count; i++)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"{kind}[{i}]");
                string id = Node.Text(tensors[i], "id") ?? kind[..^1];
                findings.Require(
                    id.Length is > 0 and <= LongestId && ids.Add(id), place + ".id",
                    $"'{id}' is too long or there twice");
                Check(tensors[i], id, place, kind == "outputs");
                foreach (string? step in Node.List(tensors[i], steps).Select(s => Node.Text(s, "id")))
                {
                    findings.Require(Steps.Contains(step), $"{place}.{steps}", $"there is no step '{step}'");
                }
            }
        }
    }

    private void Check(JsonNode? tensor, string id, string place, bool output)
    {
        JsonArray axes = Node.List(tensor, "axes");
        string[] names = [.. axes.Select(NameOf)];
        findings.Require(axes.Count > 0, place + ".axes", "there must be at least one");
        findings.Require(
            names.Distinct(StringComparer.Ordinal).Count() == names.Length, place + ".axes", "an axis is there twice");
        int[]? shape = Shape(tensor, place);
        if (shape is not null && shape.Length != axes.Count)
        {
            findings.Error(place + ".test_tensor", $"it has {shape.Length} axes, not {axes.Count}");
            shape = null;
        }

        for (int i = 0; i < axes.Count; i++)
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{place}.axes[{i}]");
            if (shape is not null)
            {
                _sizes[(id, names[i])] = shape[i];
            }

            CheckAxis(axes[i], at, shape?[i], output);
        }
    }

    private void CheckAxis(JsonNode? axis, string place, int? actual, bool output)
    {
        string? type = Node.Text(axis, "type");
        findings.Require(AxisTypes.Contains(type), place + ".type", $"'{type}' is no type of axis");
        JsonNode? size = Node.Child(axis, "size");
        if (type == "channel")
        {
            int channels = Node.List(axis, "channel_names").Count;
            findings.Require(channels > 0, place + ".channel_names", "there are none");
            Fits(actual is null || channels == actual, place, actual);
            return;
        }

        if (size is JsonObject reference && Node.Text(reference, "tensor_id") is { } tensor)
        {
            string? other = Node.Text(reference, "axis_id");
            int known = _sizes.GetValueOrDefault((tensor, other ?? ""), -1);
            double halo = Node.Number(axis, "halo") ?? 0;
            findings.Require(known >= 0 || actual is null, place + ".size", $"{tensor}.{other} is not there");
            findings.Require(
                halo >= 0 && (known < 0 || known > 2 * halo), place + ".halo", "nothing is left between the rims");
            Fits(actual is null || known < 0 || known + (Node.Number(reference, "offset") ?? 0) == actual, place, actual);
            return;
        }

        if (size is JsonObject range)
        {
            (double? least, double? step) = (Node.Number(range, "min"), Node.Number(range, "step"));
            findings.Require(
                !output && least is >= 1 && step is >= 1, place + ".size", "it needs min and step, in an input");
            Fits(
                actual is null || least is null || step is null || (actual >= least && (actual - least) % step == 0),
                place, actual);
            return;
        }

        double? one = Node.Number(axis, "size");
        findings.Require(type == "batch" || one is >= 1, place + ".size", "it must be a number, a range or a reference");
        Fits(actual is null || one is null || one == actual, place, actual);
    }

    private void Fits(bool condition, string place, int? actual) => findings.Require(
        condition, place, $"the test tensor's {actual} does not fit");

    private int[]? Shape(JsonNode? tensor, string place)
    {
        JsonNode? entry = Node.Child(tensor, "test_tensor");
        findings.Advise(entry is not null, place + ".test_tensor", "there is none");
        byte[]? content = entry is null ? null : findings.File(archive, entry, place + ".test_tensor");
        if (content is null)
        {
            return null;
        }

        try
        {
            NpyArray array = NpyFile.Decode(new FileBytes(Node.Text(entry, "source")!, content));
            findings.Require(
                Array.TrueForAll(array.ToFloats(), float.IsFinite), place + ".test_tensor", "it holds NaN or infinity");
            return array.Shape;
        }
        catch (SelfAdaptException e)
        {
            findings.Error(place + ".test_tensor", e.Message);
            return null;
        }
    }

    private static string NameOf(JsonNode? axis) =>
        Node.Text(axis, "id") ?? (Node.Text(axis, "type") is { } type ? type == "space" ? "x" : type : "");
}
