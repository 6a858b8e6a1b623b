using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.Tests.ShallowToDeep;

/// <summary>Forests that learn once more where they erred most.</summary>
[TestClass]
internal sealed class ErrorTilesTests
{
    private const int Side = 96;

    [TestMethod]
    public void Worst_TakesTheTileOfTheErrors_AndMoreUntilBothClassesHaveEnough()
    {
        // An object at the right; a disc of errors around (20, 30), a weaker one on the object's edge.
        bool[] objects = [.. Enumerable.Range(0, Side * Side).Select(i => i % Side >= 60)];
        float[] map = Array.ConvertAll(objects, o => o ? 1f : 0);
        Err(20, 30, 8, 1);
        Err(70, 60, 4, 0.5f);
        IReadOnlyCollection<int> one = ErrorTiles.Worst(map, objects, Side, 0);
        Assert.IsEmpty(one);

        // Ground alone is in the first tile, so that the second is taken for the object.
        IReadOnlyCollection<int> taken = ErrorTiles.Worst(map, objects, Side, 50);
        Assert.Contains((20 * Side) + 30, taken);
        Assert.Contains((70 * Side) + 61, taken);
        Assert.IsGreaterThanOrEqualTo(50, taken.Count(p => objects[p]));
        Assert.IsLessThan(Side * Side / 4, taken.Count);
        Assert.IsEmpty(ErrorTiles.Worst(Array.ConvertAll(objects, o => o ? 1f : 0), objects, Side, 50));

        void Err(int y, int x, int radius, float by)
        {
            for (int i = 0; i < map.Length; i++)
            {
                (int dy, int dx) = ((i / Side) - y, (i % Side) - x);
                map[i] = (dy * dy) + (dx * dx) > radius * radius ? map[i] : Math.Abs(map[i] - by);
            }
        }
    }

    [TestMethod]
    public void Stages_MakeForestsThatErrLess()
    {
        SourceImage[] images = [NoisyDiscs.Make(1, Side)];
        EnhancerOptions options = new()
        {
            Stages = 3,
            Trees = 10,
            PatchMin = Side,
            PatchMax = Side,
            PatchPixelsMin = 10,
            PatchPixels = 20,
        };
        ForestPool pool = new(images, FeatureSet.Fast, options, "tests", 12);
        double[] errors = [.. Enumerable.Range(0, options.Stages).Select(stage =>
            Enumerable.Range(0, pool.Count).Where(i => i % options.Stages == stage).Average(i => Error(pool[i].Forest.Predict(images[0].Image, 1))))];
        Assert.IsLessThan(errors[0], errors[1]);
        Assert.IsLessThan(errors[1], errors[2]);

        double Error(float[] map) => map.Select((p, i) => Math.Abs((images[0].Object[i] ? 1 : 0) - p)).Average();
    }
}
