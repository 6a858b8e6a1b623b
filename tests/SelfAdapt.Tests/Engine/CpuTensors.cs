using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Tests.Engine;

/// <summary>Looks at what a tensor of the cpu backend holds beside its values.</summary>
internal static unsafe class CpuTensors
{
    /// <summary>
    /// Fails where a border pixel, a channel beyond C or the slack behind the last plane is not 0.
    /// </summary>
    public static void RequireZeroPadding(CpuTensor tensor)
    {
        int rowFloats = tensor.RowPixels * CpuTensor.Block;
        long planeFloats = (long)tensor.PlanePixels * CpuTensor.Block;
        float* data = tensor.Plane(0, 0);
        for (long i = 0; i < tensor.Bytes / sizeof(float); i++)
        {
            long plane = i / planeFloats;
            int row = (int)(i % planeFloats / rowFloats);
            int column = (int)(i % rowFloats) / CpuTensor.Block;
            int channel = ((int)(plane % tensor.Blocks) * CpuTensor.Block) + (int)(i % CpuTensor.Block);
            bool inside = plane < tensor.Planes && row >= 1 && row <= tensor.Shape.H && column >= 1
                && column <= tensor.Shape.W && channel < tensor.Shape.C;
            if (!inside && data[i] != 0)
            {
                Assert.Fail(
                    $"{tensor.Shape}: plane {plane}, row {row - 1}, column {column - 1}, channel {channel} "
                    + $"holds {data[i]}");
            }
        }
    }
}
