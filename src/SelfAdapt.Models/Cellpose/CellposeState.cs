using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Models.Cellpose;

/// <summary>Recognises Cellpose's network in a state dict, and makes new ones.</summary>
internal static class CellposeState
{
    private const int MaxLevels = 8;

    /// <summary>The widths that the tensors' sizes tell, after checking every tensor against them.</summary>
    public static CellposeLayout DeriveLayout(TorchCheckpoint checkpoint)
    {
        if (checkpoint.Tensors.Any(t => t.Name.StartsWith("encoder.blocks.", StringComparison.Ordinal)))
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, checkpoint.Origin,
                "this is Cellpose-SAM (Cellpose 4, 'cpsam'), a transformer, which is not taken here. Start from a "
                + "network of Cellpose 3, such as cyto3; to segment with this one, use Cellpose 4.");
        }

        List<OnnxTensor> projections = [];
        while (projections.Count < MaxLevels
            && checkpoint.Find(Projection(projections.Count)) is { Dims.Count: 4 } projection)
        {
            projections.Add(projection);
        }

        const string Head = $"{CellposeLayout.Head}.2.weight";
        if (projections.Count == 0 || checkpoint.Find(Head) is not { Dims.Count: 4 } head)
        {
            string key = projections.Count == 0 ? Projection(0) : Head;
            throw Refused(checkpoint, $"the tensor '{key}' is missing");
        }

        CellposeLayout layout = new(
            projections[0].Dims[1], [.. projections.Select(p => p.Dims[0])], head.Dims[0]);
        foreach (CellposeEntry entry in layout.Entries())
        {
            OnnxTensor? tensor = checkpoint.Find(entry.Key);
            if (tensor is null && !entry.Optional)
            {
                throw Refused(checkpoint, $"the tensor '{entry.Key}' is missing");
            }

            if (tensor is not null && !entry.Optional && !tensor.Dims.SequenceEqual(entry.Shape))
            {
                throw Refused(
                    checkpoint,
                    $"the tensor '{entry.Key}' is [{string.Join(',', tensor.Dims)}] "
                    + $"where [{string.Join(',', entry.Shape)}] belongs");
            }
        }

        return layout;
    }

    /// <summary>A new entry as torch initialises it.</summary>
    public static OnnxTensor Initial(CellposeEntry entry, Func<double> uniform, float diameter)
    {
        if (entry.Kind == CellposeEntryKind.BatchCount)
        {
            return OnnxTensor.FromInt64s(entry.Key, entry.Shape, [0]);
        }

        float[] values = new float[entry.Shape.Aggregate(1L, (a, b) => checked(a * b))];
        double bound = entry.FanIn > 0 ? 1 / Math.Sqrt(entry.FanIn) : 0;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = entry.Kind switch
            {
                CellposeEntryKind.Diameter => diameter,
                CellposeEntryKind.One => 1,
                CellposeEntryKind.Uniform => (float)((2 * uniform() - 1) * bound),
                _ => 0,
            };
        }

        return OnnxTensor.FromFloats(entry.Key, entry.Shape, values);
    }

    private static string Projection(int level) => $"{CellposeLayout.Down(level)}.proj.1.weight";

    private static SelfAdaptException Refused(TorchCheckpoint checkpoint, string why) => new(
        ErrorKind.ModelUnsupported, checkpoint.Origin,
        $"this is not the network of Cellpose 1 to 3 (residual, style, "
        + $"no concatenation): {why}. Export other networks to ONNX and pass the .onnx file.");
}
