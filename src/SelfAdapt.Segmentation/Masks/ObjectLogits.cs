using SelfAdapt.Files;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Where objects are, as a network's outputs tell it in one channel or several.</summary>
internal static class ObjectLogits
{
    /// <summary>Per pixel how likely it lies in an object, as a logit.</summary>
    /// <param name="where">The part that tells it.</param>
    public static float[] Of(Image outputs, OutputPart where)
    {
        if (where.Kind == OutputKind.Logit)
        {
            return outputs.Plane(where.Channel).ToArray();
        }

        float[] logits = new float[outputs.Height * outputs.Width];
        Span<float> values = stackalloc float[where.Channels];
        for (int i = 0; i < logits.Length; i++)
        {
            for (int c = 0; c < values.Length; c++)
            {
                values[c] = outputs.Plane(where.Channel + c)[i];
            }

            logits[i] = where.Kind.ObjectLogit(values);
        }

        return logits;
    }
}
