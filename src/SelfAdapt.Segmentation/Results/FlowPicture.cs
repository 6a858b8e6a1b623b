using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Results;

/// <summary>A network's planes for the eye.</summary>
/// <param name="Colours">[height, width, 3]: the flow's direction as hue, its length as brightness.</param>
/// <param name="Probability">[height, width]: the cell probability, its 1st to 99th percentile as 0 to 255.</param>
internal sealed record FlowPicture(byte[] Colours, byte[] Probability)
{
    public static FlowPicture Of(Image flows)
    {
        int pixels = flows.Height * flows.Width;
        (float[] dy, float[] dx) = (flows.Plane(0).ToArray(), flows.Plane(1).ToArray());
        float[] length = [.. dy.Zip(dx, (y, x) => MathF.Sqrt((y * y) + (x * x)))];
        byte[] brightness = Stretch(length);
        byte[] colours = new byte[3 * pixels];
        for (int i = 0; i < pixels; i++)
        {
            double angle = Math.Atan2(dx[i], dy[i]) + Math.PI;
            for (int c = 0; c < 3; c++)
            {
                double share = (Math.Cos(angle + (c * 2 * Math.PI / 3)) + 1) / 2;
                colours[(3 * i) + c] = (byte)(brightness[i] * share);
            }
        }

        return new(colours, Stretch(flows.Plane(2).ToArray()));
    }

    private static byte[] Stretch(float[] values)
    {
        float[] sorted = [.. values.Order()];
        float low = sorted[(int)(0.01 * (sorted.Length - 1))];
        float high = sorted[(int)(0.99 * (sorted.Length - 1))];
        float range = Math.Max(high - low, 1e-6f);
        return Array.ConvertAll(values, v => (byte)(255 * Math.Clamp((v - low) / range, 0, 1)));
    }
}
