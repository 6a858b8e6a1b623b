using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>Cellpose's: whether a pixel is in a cell, and the flow there.</summary>
internal sealed class FlowTargets : MaskTargets
{
    public override int Channels => 2;

    public override float Scale(OutputDescription outputs) => outputs.FlowScale;

    public override Image Prepare(LabelImage masks) => MaskFlows.FromMasks(masks);

    public override void Fill(
        TrainingSample sample, AffineWarp warp, bool flip, double angle, Span<float> cell, Span<float> field)
    {
        int width = sample.Input.Width;
        warp.Nearest(sample.Cell, width, flip, cell);
        Span<float> flowY = field[..cell.Length];
        Span<float> flowX = field[cell.Length..];
        warp.Linear(sample.Flow.Plane(0), width, flip, flowY);
        warp.Linear(sample.Flow.Plane(1), width, flip, flowX);
        TurnVectors(flip, angle, flowY, flowX);
    }

    private static void TurnVectors(bool flip, double angle, Span<float> flowY, Span<float> flowX)
    {
        float cosine = (float)Math.Cos(angle);
        float sine = (float)Math.Sin(angle);
        for (int i = 0; i < flowY.Length; i++)
        {
            float y = flowY[i];
            float x = flip ? -flowX[i] : flowX[i];
            flowX[i] = (x * cosine) - (y * sine);
            flowY[i] = (x * sine) + (y * cosine);
        }
    }
}
