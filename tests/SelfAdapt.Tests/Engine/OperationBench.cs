using SelfAdapt.Engine;
using SelfAdapt.Engine.Reference;

namespace SelfAdapt.Tests.Engine;

/// <summary>Everything one operation works on, on one backend, with the same data on every backend.</summary>
internal sealed class OperationBench : IDisposable
{
    private readonly OperationCase _case;

    public OperationBench(OperationCase operation, Backend backend, int seed = 1)
    {
        (_case, Backend) = (operation, backend);
        ulong key = (ulong)seed * 1000;
        X = [.. operation.Inputs.Select(backend.CreateTensor)];
        Dx = [.. operation.Inputs.Select(backend.CreateTensor)];
        Y = backend.CreateTensor(operation.Output);
        Dy = backend.CreateTensor(operation.Output);
        P = [.. operation.Parameters.Select(backend.CreateVector)];
        Dp = [.. operation.Parameters.Select(backend.CreateVector)];
        Statistics = [.. operation.Statistics.Select(backend.CreateVector)];
        Saved = backend.CreateVector(2 * operation.Inputs[0].C);
        Convolution = operation.Kernel is int kernel
            ? backend.CreateConvolution(operation.Inputs[0].C, operation.Output.C, kernel)
            : null;
        foreach (DeviceTensor x in X)
        {
            Write(x, OperationCase.Activations(operation, (int)x.Shape.Count, key++));
        }

        foreach (DeviceVector p in P)
        {
            Write(p, OperationCase.Noise(p.Length, key++));
        }

        foreach (DeviceVector s in Statistics)
        {
            // Means of any sign would do; variances must be positive.
            Write(s, [.. OperationCase.Noise(s.Length, key++).Select(v => (float)(1.25 + v))]);
        }

        Write(Dy, OperationCase.Noise((int)Dy.Shape.Count, key++));
        DirtyOutputs(key);
        Write(Saved, OperationCase.Noise(Saved.Length, 98));
    }

    public Backend Backend { get; }

    public DeviceTensor[] X { get; }

    public DeviceTensor[] Dx { get; }

    public DeviceTensor Y { get; }

    public DeviceTensor Dy { get; }

    public DeviceVector[] P { get; }

    public DeviceVector[] Dp { get; }

    public DeviceVector[] Statistics { get; }

    public DeviceVector Saved { get; }

    public Convolution? Convolution { get; }

    public VectorSlice Parameter(int i) => P[i].Slice(0, P[i].Length);

    public VectorSlice Gradient(int i) => Dp[i].Slice(0, Dp[i].Length);

    public BatchNormParameters Norm(bool relu) => new(
        Parameter(0), Parameter(1), Statistics[0].Slice(0, Statistics[0].Length),
        Statistics[1].Slice(0, Statistics[1].Length), 1e-5f, 0.05f, relu);

    public void Forward() => _case.Forward(this);

    public void Backward(bool accumulate) => _case.Backward(this, accumulate);

    /// <summary>What an operation writes holds what earlier users of the buffers left there.</summary>
    public void DirtyOutputs(ulong key)
    {
        foreach (DeviceTensor tensor in Dx.Append(Y))
        {
            Write(tensor, OperationCase.Noise((int)tensor.Shape.Count, key++));
        }

        foreach (DeviceVector vector in Dp)
        {
            Write(vector, OperationCase.Noise(vector.Length, key++));
        }
    }

    public double[] Read(DeviceTensor tensor)
    {
        using DeviceVector vector = Backend.CreateVector((int)tensor.Shape.Count);
        Backend.Operators.Export(tensor, vector.Whole);
        return Read(vector);
    }

    public static double[] Read(DeviceVector vector)
    {
        if (vector is HostVector<double> exact)
        {
            return [.. exact.Data];
        }

        float[] values = new float[vector.Length];
        vector.Download(values);
        return [.. values.Select(v => (double)v)];
    }

    /// <summary>The values themselves, where they are double: to be nudged by finite differences.</summary>
    public static double[] Values(DeviceTensor tensor) => ((ReferenceTensor)tensor).Data;

    /// <summary>The values themselves, where they are double.</summary>
    public static double[] Values(DeviceVector vector) => ((HostVector<double>)vector).Data;

    public void Dispose()
    {
        foreach (IDisposable? held in X.Concat(Dx).Append(Y).Append(Dy).Cast<IDisposable?>()
            .Concat(P).Concat(Dp).Concat(Statistics).Append(Saved).Append(Convolution))
        {
            held?.Dispose();
        }
    }

    private void Write(DeviceTensor tensor, float[] values)
    {
        using DeviceVector vector = Backend.CreateVector(values.Length);
        vector.Upload(values);
        Backend.Operators.Import(vector.Whole, tensor);
    }

    private static void Write(DeviceVector vector, float[] values) => vector.Upload(values);
}
