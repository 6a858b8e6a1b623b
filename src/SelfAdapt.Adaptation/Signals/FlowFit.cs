using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Adaptation.Signals;

/// <summary>How well a network's masks fit the outputs that they were made of, as sums over cells and pixels.</summary>
/// <param name="Above">Pixels above the cell threshold.</param>
/// <param name="Inside">Those of them that ended in a cell.</param>
/// <param name="Cells">Cells.</param>
/// <param name="Errors">The sum of their flow errors (docs/cellpose.md 4.4); 0 for a network without flows.</param>
internal readonly record struct FlowFit(long Above, long Inside, int Cells, double Errors)
{
    /// <summary>The fraction of the pixels above the threshold that ended in a cell; 0 where there are none.</summary>
    public double Explained => Above == 0 ? 0 : Inside / (double)Above;

    /// <summary>The mean flow error of a cell; 0 without cells.</summary>
    public double Error => Cells == 0 ? 0 : Errors / Cells;

    /// <summary>Nothing where the outputs were not brought to the size of the image.</summary>
    public static FlowFit Of(SegmentationResult result, SegmentationOptions segmentation, OutputDescription outputs)
    {
        if (result.Outputs.Height != result.Masks.Height || result.Outputs.Width != result.Masks.Width)
        {
            return default;
        }

        float[] plane = ObjectLogits.Of(result.Outputs, outputs.Objects!);
        (long above, long inside) = (0, 0);
        for (int i = 0; i < plane.Length; i++)
        {
            bool cell = plane[i] > segmentation.CellprobThreshold;
            above += cell ? 1 : 0;
            inside += cell && result.Masks.Labels[i] > 0 ? 1 : 0;
        }

        LabelRegion[] cells = LabelRegions.Find(result.Masks, result.Masks.Labels.Max());
        double errors = outputs.Parts.FirstOrDefault(p => p.Kind == OutputKind.VectorField) is { } flow
            ? MaskFlows.Errors(result.Masks, cells, result.Outputs, flow.Channel, outputs.FlowScale, segmentation.Threads).Sum()
            : 0;
        return new(above, inside, cells.Length, errors);
    }

    public static FlowFit operator +(FlowFit a, FlowFit b) =>
        new(a.Above + b.Above, a.Inside + b.Inside, a.Cells + b.Cells, a.Errors + b.Errors);
}
