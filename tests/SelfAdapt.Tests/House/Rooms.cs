using System.Reflection;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Probabilistic.Learning;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.Tests.House;

/// <summary>The library's assemblies.</summary>
internal static class Rooms
{
    public static Assembly[] All { get; } =
    [
        typeof(Image).Assembly, typeof(Network).Assembly, typeof(Backend).Assembly, typeof(GpuBackend).Assembly,
        typeof(OrtNetwork).Assembly, typeof(Segmenter).Assembly, typeof(AdaptationLoop).Assembly,
        typeof(RunReport).Assembly, typeof(RandomForest).Assembly, typeof(LatentDivergence).Assembly,
    ];
}
