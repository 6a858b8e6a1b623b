using SelfAdapt.Engine;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.Tests.ShallowToDeep;

/// <summary>Bright discs on a dark ground under noise, with the truth.</summary>
internal static class NoisyDiscs
{
    public static SourceImage Make(ulong seed, int side)
    {
        RandomStream random = new(seed);
        bool[] truth = new bool[side * side];
        for (int n = 0; n < side / 8; n++)
        {
            (int cy, int cx, int r) = (random.NextIndex(side), random.NextIndex(side), 5 + random.NextIndex(6));
            for (int i = 0; i < truth.Length; i++)
            {
                (int y, int x) = ((i / side) - cy, (i % side) - cx);
                truth[i] |= (y * y) + (x * x) <= r * r;
            }
        }

        float[] values = [.. truth.Select(t => (float)((t ? 0.7 : 0.3) + random.NextUniform(-0.5, 0.5)))];
        return new(FeatureImage.FromScaled(values, side, side), truth);
    }
}
